/**
 * OpenSSL's error queue as a {@linkcode TlsError}.
 *
 * @module
 */

import { readString } from "../../ffi/memory.ts";
import { OPENSSL } from "../../ffi/openssl.ts";
import { certificateErrors, TlsError, type TlsErrorCode } from "../errors.ts";
import { type Openssl, openssl } from "./library.ts";

/** Where the connection leads, for the message; a server has no name for its client. */
export interface FailurePeer {
  readonly hostname?: string;
  readonly port?: number;
}

/** The first entry of the error queue, which is where the trouble began; empties the queue. */
export function takeError(): { code: number; library: number; reason: string } {
  const ssl = openssl();
  const error = ssl.ERR_get_error();
  ssl.ERR_clear_error();
  const code = Number(error & BigInt(OPENSSL.ERR_REASON_MASK));
  const library = Number((error >> BigInt(OPENSSL.ERR_LIB_OFFSET)) & 0xffn);
  return { code, library, reason: readString(ssl.ERR_reason_error_string(error)) ?? "no reason" };
}

/** `to "host:port"`, or nothing where the peer has no name. */
function towards({ hostname, port }: FailurePeer): string {
  return hostname === undefined ? "from the client" : `to "${hostname}:${port}"`;
}

/** What `SSL_…` failed with, after it returned SSL_ERROR_SSL or SSL_ERROR_SYSCALL. */
export function sslFailure(ssl: bigint, call: string, peer: FailurePeer): TlsError {
  const library = openssl();
  const { code, library: origin, reason } = takeError();
  const details = { ...peer, call };
  const prefix = `Could not complete the TLS connection ${towards(peer)}`;
  if (origin === OPENSSL.ERR_LIB_SSL) {
    if (code === OPENSSL.SSL_R_CERTIFICATE_VERIFY_FAILED) {
      return verifyFailure(library, ssl, prefix, details);
    }
    const alert = code - OPENSSL.SSL_AD_REASON_OFFSET;
    if (alert >= 0 && alert <= 255) { // Larger codes are OpenSSL's own trouble.
      return new TlsError("ALERT_RECEIVED", `${prefix}: the peer refused with ${reason}`, {
        ...details,
        alert,
      });
    }
  }
  return new TlsError("PROTOCOL_ERROR", `${prefix}: ${reason} (${call})`, details);
}

function verifyFailure(
  library: Openssl,
  ssl: bigint,
  prefix: string,
  details: FailurePeer & { call: string },
): TlsError {
  const result = library.SSL_get_verify_result(ssl);
  const names: Readonly<Record<number, TlsErrorCode>> = certificateErrors;
  const code = names[Number(result)] ?? "CERT_INVALID";
  const words = readString(library.X509_verify_cert_error_string(result));
  return new TlsError(code, `${prefix}: ${words}${remedies[code] ?? ""}`, details);
}

/** What to do, where there is something to do. */
const remedies: Partial<Record<TlsErrorCode, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "; pass the certificate in caCerts to trust it",
  SELF_SIGNED_CERT_IN_CHAIN: "; pass the root certificate in caCerts to trust it",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "; pass the root certificate in caCerts to trust it, or let the server send its whole chain",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "; pass the issuer's certificate in caCerts to trust it",
  HOSTNAME_MISMATCH: "; connect by a name the certificate has, or pass it as serverName",
  IP_ADDRESS_MISMATCH: "; connect by a name the certificate has, or pass it as serverName",
};
