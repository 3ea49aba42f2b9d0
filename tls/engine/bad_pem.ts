/**
 * The errors for certificates and keys that a caller passes in. Their words are the same, whichever
 * engine reads the PEM.
 *
 * @module
 */

import { TlsError, type TlsErrorDetails } from "../errors.ts";

/** Words of libraries for a text without a PEM block for them. They tell a caller nothing. */
const EMPTY_WORDS = /^(no reason|no start line|unsupported)$/;

/** `error:1E08010C:DECODER routines::unsupported`: OpenSSL's way to say "unsupported". */
const OPENSSL_WORDS = /^error:[\dA-F]+:.*:(.*)$/i;

/** The call that failed, and its error. */
type Failed = Pick<TlsErrorDetails, "call" | "cause">;

/** The error for an option whose text holds no certificate that can be read. */
export function notCertificate(option: string, reason: string, failed: Failed): TlsError {
  return unreadable(option, "a certificate", "CERTIFICATE", reason, failed);
}

/** The error for an option "key" without a private key that can be read without a password. */
export function notKey(reason: string, failed: Failed): TlsError {
  return unreadable("key", "an unencrypted private key", "PRIVATE KEY", reason, failed);
}

function unreadable(
  option: string,
  what: string,
  label: string,
  reason: string,
  failed: Failed,
): TlsError {
  const words = OPENSSL_WORDS.exec(reason)?.[1]?.toLowerCase().replaceAll("_", " ") ?? reason;
  const why = EMPTY_WORDS.test(words)
    ? `expected the whole of a block that begins with "-----BEGIN ${label}-----"`
    : words;
  return new TlsError(
    "INVALID_PEM",
    `Option "${option}" does not hold ${what} in PEM: ${why}`,
    failed,
  );
}

/** Words of libraries for a key that does not belong to the certificate. */
const MISMATCH = /mismatch|no certificate assigned|no private key assigned/;

/** The error for a certificate and a key that can be read but not used. */
export function unusableIdentity(reason: string, failed: Failed): TlsError {
  const why = MISMATCH.test(reason)
    ? "they don't belong together; the key must be the one the certificate was made for"
    : reason;
  return new TlsError("INVALID_PEM", `Options "cert" and "key" can't be used: ${why}`, failed);
}
