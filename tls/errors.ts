/**
 * Why a TLS connection failed.
 *
 * @module
 */

import { quoted } from "../base/authority.ts";
import { FirstFlightError } from "../base/errors.ts";

/** Verdicts on the peer's certificate, with OpenSSL's numbers (X509_V_ERR_…). */
export const certificateErrors = {
  2: "UNABLE_TO_GET_ISSUER_CERT",
  3: "UNABLE_TO_GET_CRL",
  7: "CERT_SIGNATURE_FAILURE",
  9: "CERT_NOT_YET_VALID",
  10: "CERT_HAS_EXPIRED",
  18: "DEPTH_ZERO_SELF_SIGNED_CERT",
  19: "SELF_SIGNED_CERT_IN_CHAIN",
  20: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  21: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  22: "CERT_CHAIN_TOO_LONG",
  23: "CERT_REVOKED",
  24: "INVALID_CA",
  25: "PATH_LENGTH_EXCEEDED",
  26: "INVALID_PURPOSE",
  27: "CERT_UNTRUSTED",
  28: "CERT_REJECTED",
  62: "HOSTNAME_MISMATCH",
  64: "IP_ADDRESS_MISMATCH",
  66: "EE_KEY_TOO_SMALL",
  67: "CA_KEY_TOO_SMALL",
  68: "CA_MD_TOO_WEAK",
} as const;

/** A stable name for the fault of the peer's certificate. */
export type CertificateErrorCode =
  | "UNABLE_TO_GET_ISSUER_CERT"
  | "UNABLE_TO_GET_CRL"
  | "CERT_SIGNATURE_FAILURE"
  | "CERT_NOT_YET_VALID"
  | "CERT_HAS_EXPIRED"
  | "DEPTH_ZERO_SELF_SIGNED_CERT"
  | "SELF_SIGNED_CERT_IN_CHAIN"
  | "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"
  | "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
  | "CERT_CHAIN_TOO_LONG"
  | "CERT_REVOKED"
  | "INVALID_CA"
  | "PATH_LENGTH_EXCEEDED"
  | "INVALID_PURPOSE"
  | "CERT_UNTRUSTED"
  | "CERT_REJECTED"
  | "HOSTNAME_MISMATCH"
  | "IP_ADDRESS_MISMATCH"
  | "EE_KEY_TOO_SMALL"
  | "CA_KEY_TOO_SMALL"
  | "CA_MD_TOO_WEAK"
  | "CERT_INVALID";

/**
 * Stable names of the reasons why TLS fails. Beside the verdicts on a certificate there are:
 *
 * - `"INVALID_PEM"`: a certificate or key could not be read, or the two don't belong together
 * - `"ENGINE_UNAVAILABLE"`: OpenSSL could not be loaded, or does not start
 * - `"FEATURE_UNAVAILABLE"`: the engine can't do what an option asks for
 * - `"STORE_UNAVAILABLE"`: the folder of a session store can't be used
 * - `"NOT_TLS"`: the peer answered with something that is not TLS
 * - `"ALERT_RECEIVED"`: the peer refused with an alert; `alert` is its number (RFC 8446, section 6)
 * - `"PROTOCOL_ERROR"`: the peer broke the protocol
 * - `"RENEGOTIATION_REFUSED"`: the peer wanted another handshake on the connection (TLS 1.2), this
 *   side refused, and the peer broke off; `cause` says how
 * - `"HANDSHAKE_CLOSED"`: the connection was closed before the handshake was complete
 * - `"TRUNCATED"`: the connection was cut without close_notify; the data read may be incomplete
 * - `"EARLY_DATA_UNSENT"`: the server did not take the first write as early data, and has picked
 *   another protocol (ALPN) than it was meant for
 * - `"PROMISE_BROKEN"`: a socket with `optimisticSecureConnect` had said what its ticket promised, and the
 *   handshake came out differently
 * - `"NOT_CONNECTED"`: there is no connection yet; it waits for its first write
 */
export type TlsErrorCode =
  | CertificateErrorCode
  | "INVALID_PEM"
  | "ENGINE_UNAVAILABLE"
  | "FEATURE_UNAVAILABLE"
  | "STORE_UNAVAILABLE"
  | "NOT_TLS"
  | "ALERT_RECEIVED"
  | "PROTOCOL_ERROR"
  | "RENEGOTIATION_REFUSED"
  | "HANDSHAKE_CLOSED"
  | "TRUNCATED"
  | "EARLY_DATA_UNSENT"
  | "PROMISE_BROKEN"
  | "NOT_CONNECTED";

/** Facts that a {@linkcode TlsError} carries beside its message. */
export interface TlsErrorDetails {
  /** The host the connection was meant for. */
  readonly hostname?: string;
  /** The port the connection was meant for. */
  readonly port?: number;
  /** The call that failed. */
  readonly call?: string;
  /** The number of the alert the peer sent. */
  readonly alert?: number;
  /** The peer's certificate that was refused, in DER. */
  readonly certificate?: Uint8Array | undefined;
  /** The error that caused this one. */
  readonly cause?: unknown;
}

/**
 * A TLS connection could not be made, or broke. Nothing is left open when this is thrown.
 *
 * ```ts
 * import { connectTls, TlsError } from "@firstflight/tls";
 *
 * try {
 *   await connectTls({ hostname: "127.0.0.1", port: 4433, minVersion: "TLSv1.3", caCerts: ["?"] });
 * } catch (error) {
 *   if (error instanceof TlsError) console.log(error.code); // "INVALID_PEM"
 * }
 * ```
 */
export class TlsError extends FirstFlightError {
  /** The class's name, as in the stack trace. */
  override readonly name = "TlsError";
  /** What went wrong; stable across versions. */
  override readonly code: TlsErrorCode;
  /** The call that failed, such as `SSL_do_handshake`. */
  readonly call: string | undefined;
  /** The number of the alert the peer sent (RFC 8446, section 6). */
  readonly alert: number | undefined;
  /** The peer's certificate, where that was refused, in DER. */
  readonly certificate: Uint8Array | undefined;

  /** Makes an error; public so that test doubles can make one. */
  constructor(code: TlsErrorCode, message: string, details: TlsErrorDetails = {}) {
    super(message, { ...details, retryable: passing.has(code) });
    this.code = code;
    this.call = details.call;
    this.alert = details.alert;
    this.certificate = details.certificate;
  }
}

/** Codes of errors that another attempt may avoid: the connection was cut. */
const passing: ReadonlySet<TlsErrorCode> = new Set([
  "HANDSHAKE_CLOSED",
  "TRUNCATED",
  "PROMISE_BROKEN",
]);

/**
 * Runs `work`, and adds the peer to a {@linkcode TlsError} that has no host. The message begins
 * with the peer only for `ENGINE_UNAVAILABLE`; otherwise the option at fault comes first.
 */
export function namePeer<T>(peer: { hostname: string; port: number }, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TlsError) || error.hostname !== undefined) throw error;
    const { code, call, cause } = error;
    const message = code === "ENGINE_UNAVAILABLE"
      ? `Could not connect to ${quoted(peer)}: ${error.message}`
      : `${error.message} (connecting to ${quoted(peer)})`;
    throw new TlsError(code, message, {
      hostname: peer.hostname,
      port: peer.port,
      cause: cause ?? error,
      ...(call === undefined ? {} : { call }),
    });
  }
}
