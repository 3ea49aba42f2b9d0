/**
 * The errors that engines end with, in the same words for both engines.
 *
 * @module
 */

import { quoted } from "../../base/authority.ts";
import { alertInWords } from "./alerts.ts";
import { TlsError, type TlsErrorCode, type TlsErrorDetails } from "../errors.ts";

/** The peer of a connection, for the message. A server has no name for its client. */
export interface FailurePeer {
  readonly hostname?: string;
  readonly port?: number;
  /** The name that is verified. */
  readonly serverName?: string;
  /** What is to be known of the roots where a certificate leads to none of them; may be "". */
  readonly aboutRoots?: () => string;
  /** The handshake was complete. */
  readonly secured?: boolean;
}

/** Where a connection leads, in words. */
export function directionOf({ hostname, port = 0 }: FailurePeer): string {
  return hostname === undefined ? "from the client" : `to ${quoted({ hostname, port })}`;
}

/** The call that failed, and the connection. */
export interface Failure extends FailurePeer, Pick<TlsErrorDetails, "cause" | "certificate"> {
  /** The call that failed. */
  readonly call: string;
}

function makeFailure(code: TlsErrorCode, words: string, failure: Failure & { alert?: number }) {
  const where = directionOf(failure);
  const what = failure.secured
    ? `The TLS connection ${where} broke`
    : `Could not complete the TLS connection ${where}`;
  return new TlsError(code, `${what}: ${words}`, failure);
}

/** The peer broke the protocol. */
export function protocolError(reason: string, failure: Failure): TlsError {
  return makeFailure("PROTOCOL_ERROR", `${reason} (${failure.call})`, failure);
}

/** The peer sent an alert (RFC 8446, section 6). */
export function alertReceived(alert: number, failure: Failure): TlsError {
  const words = `the peer refused with ${alertInWords(alert)}`;
  return makeFailure("ALERT_RECEIVED", words, { ...failure, alert });
}

/** The peer has ended the connection by `error`, after this side had refused to renegotiate. */
export function renegotiationRefused(error: unknown, peer: FailurePeer): TlsError {
  const { hostname } = peer;
  const [who, remedy] = hostname === undefined
    ? ["client asked for another handshake (renegotiation)", ""]
    : [
      "server asked for another handshake (renegotiation), perhaps for a client's certificate",
      '; option "postHandshakeAuth" allows it',
    ];
  const alert = error instanceof TlsError ? error.alert : undefined;
  return makeFailure(
    "RENEGOTIATION_REFUSED",
    `the ${who}, and this side refused with ${alertInWords(NO_RENEGOTIATION)}${remedy}`,
    {
      ...peer,
      secured: true,
      call: "feed",
      cause: error,
      ...(alert === undefined ? {} : { alert }),
    },
  );
}

/** The alert no_renegotiation (RFC 5246, section 7.2.2). */
const NO_RENEGOTIATION = 100;

/** The peer's certificate was refused. */
export function certificateRefused(code: TlsErrorCode, words: string, failure: Failure): TlsError {
  const roots = withoutRoot.has(code) ? failure.aboutRoots?.() ?? "" : "";
  return makeFailure(code, words + (remedies[code] ?? "") + roots, failure);
}

/** Verdicts that nobody is trusted of those who have signed. */
const withoutRoot: ReadonlySet<TlsErrorCode> = new Set([
  ...["CERT_INVALID", "DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN"] as const,
  ...["UNABLE_TO_GET_ISSUER_CERT", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"] as const,
  ...["UNABLE_TO_VERIFY_LEAF_SIGNATURE"] as const,
]);

/** Advice for faults that the caller can do something about. */
const remedies: Partial<Record<TlsErrorCode, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "; pass the certificate in caCerts to trust it",
  SELF_SIGNED_CERT_IN_CHAIN: "; pass the root certificate in caCerts to trust it",
  UNABLE_TO_GET_ISSUER_CERT:
    "; what leads there is trusted only as a root: pass it in caCerts, or the root itself",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "; pass the root certificate in caCerts to trust it, or let the server send its whole chain",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "; pass the issuer's certificate in caCerts to trust it",
  HOSTNAME_MISMATCH: "; connect by a name the certificate has, or pass it as serverName",
  IP_ADDRESS_MISMATCH: "; connect by a name the certificate has, or pass it as serverName",
};

/** Content types of TLS records (RFC 8446, section 5.1): change_cipher_spec to heartbeat. */
const FIRST_CONTENT_TYPE = 20;
const LAST_CONTENT_TYPE = 24;

/** The error for a peer that does not speak TLS. Libraries report only a wrong version number. */
export function errorIfNotTls(firstBytes: Uint8Array, peer: FailurePeer): TlsError | undefined {
  const [first = 0] = firstBytes;
  if (first >= FIRST_CONTENT_TYPE && first <= LAST_CONTENT_TYPE) return undefined;
  const start = new TextDecoder("latin1").decode(firstBytes.subarray(0, 32)).split(/[\r\n]/, 1);
  const text = JSON.stringify(start[0]).replace(/[\x7f-\x9f]/g, ".");
  const { hostname, port = 0 } = peer;
  const where = hostname === undefined
    ? "The client"
    : `The server at ${quoted({ hostname, port })}`;
  const hint = /^"HTTP\//.test(text) ? ", which is HTTP; is it the right port" : "";
  return new TlsError("NOT_TLS", `${where} does not speak TLS: it began with ${text}${hint}`, {
    ...peer,
    call: "feed",
  });
}
