/**
 * What is wrong with certificates and keys that a caller passes in, in the same words whichever engine
 * reads them.
 *
 * @module
 */

import { TlsError, type TlsErrorDetails } from "../errors.ts";

/** What libraries say of a text that holds nothing for them; it tells a caller nothing. */
const EMPTY_WORDS = /^(no reason|no start line|unsupported)$/;

/** `error:1E08010C:DECODER routines::unsupported`: OpenSSL's way to say "unsupported". */
const OPENSSL_WORDS = /^error:[\dA-F]+:.*:(.*)$/i;

/** The call that failed, and with what. */
type Failed = Pick<TlsErrorDetails, "call" | "cause">;

/** The text of `option` has no certificate in it that can be read. */
export function notCertificate(option: string, reason: string, failed: Failed): TlsError {
  return unreadable(option, "a certificate", "CERTIFICATE", reason, failed);
}

/** The text of option "key" has no private key in it that can be read without a password. */
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

/** What libraries say of a key that is not the certificate's. */
const MISMATCH = /mismatch|no certificate assigned|no private key assigned/;

/** Certificate and key can be read, but not be used. */
export function unusableIdentity(reason: string, failed: Failed): TlsError {
  const why = MISMATCH.test(reason)
    ? "they don't belong together; the key must be the one the certificate was made for"
    : reason;
  return new TlsError("INVALID_PEM", `Options "cert" and "key" can't be used: ${why}`, failed);
}
