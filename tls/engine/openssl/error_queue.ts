/**
 * OpenSSL's error queue as a {@linkcode TlsError}.
 *
 * @module
 */

import { readString } from "../../../ffi/memory.ts";
import { OPENSSL } from "../../../ffi/openssl.ts";
import { certificateErrors, type TlsError, type TlsErrorCode } from "../../errors.ts";
import { readCertificate } from "../certificate.ts";
import {
  alertReceived,
  certificateRefused,
  type Failure,
  type FailurePeer,
  protocolError,
} from "../failures.ts";
import { wordsOfMismatch } from "../names.ts";
import { openssl } from "./library.ts";

/** Takes the first entry of the error queue, which is the original error, and empties the queue. */
export function takeError(): { code: number; library: number; reason: string } {
  const ssl = openssl();
  const error = ssl.ERR_get_error();
  ssl.ERR_clear_error();
  const code = Number(error & BigInt(OPENSSL.ERR_REASON_MASK));
  const library = Number((error >> BigInt(OPENSSL.ERR_LIB_OFFSET)) & 0xffn);
  return { code, library, reason: readString(ssl.ERR_reason_error_string(error)) ?? "no reason" };
}

/** The error for an `SSL_…` call that ended with SSL_ERROR_SSL or SSL_ERROR_SYSCALL. */
export function sslFailure(
  ssl: bigint,
  call: string,
  peer: FailurePeer,
  certificate: () => Uint8Array | undefined,
): TlsError {
  const failure: Failure = { ...peer, call };
  const { code, library: origin, reason } = takeError();
  // The queue may begin with the cause of a failed verification, so the verdict is asked first.
  const verdict = Number(openssl().SSL_get_verify_result(ssl));
  if (verdict !== OPENSSL.X509_V_OK) {
    return verifyFailure(verdict, { ...failure, certificate: certificate() });
  }
  if (origin === OPENSSL.ERR_LIB_SSL) {
    const alert = code - OPENSSL.SSL_AD_REASON_OFFSET;
    // Larger codes are OpenSSL's own errors.
    if (alert >= 0 && alert <= 255) return alertReceived(alert, failure);
  }
  return protocolError(reason, failure);
}

function verifyFailure(verdict: number, failure: Failure): TlsError {
  const names: Readonly<Record<number, TlsErrorCode>> = certificateErrors;
  const code = names[verdict] ?? "CERT_INVALID";
  const words = readString(openssl().X509_verify_cert_error_string(BigInt(verdict))) ?? "";
  return certificateRefused(code, mismatchIn(code, failure) ?? words, failure);
}

/** OpenSSL names neither the name that was wanted, nor those that there are. */
function mismatchIn(code: TlsErrorCode, { certificate, serverName }: Failure): string | undefined {
  const isMismatch = code === "HOSTNAME_MISMATCH" || code === "IP_ADDRESS_MISMATCH";
  if (!isMismatch || !certificate || serverName === undefined) return undefined;
  try {
    return wordsOfMismatch(readCertificate(certificate), serverName);
  } catch {
    return undefined; // OpenSSL reads what we can't.
  }
}
