/**
 * The errors for certificates and keys that a caller passes in. Their words are the same, whichever
 * engine reads the PEM.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import { TlsError, type TlsErrorDetails } from "../errors.ts";

/** Words of libraries for a text without a PEM block for them. They tell a caller nothing. */
const EMPTY_WORDS = /^(no reason|no start line|unsupported)$/;

/** `error:1E08010C:DECODER routines::unsupported`: OpenSSL's way to say "unsupported". */
const OPENSSL_WORDS = /^error:[\dA-F]+:.*:(.*)$/i;

/** The call that failed, and its error. */
type Failed = Pick<TlsErrorDetails, "call" | "cause">;

function invalid(message: string, failed: Failed = {}): TlsError {
  return new TlsError("INVALID_PEM", message, failed);
}

/** The error for an option whose text holds no certificate that can be read. */
export function notCertificate(option: string, reason: string, failed: Failed): TlsError {
  return unreadable(option, "a certificate", "CERTIFICATE", reason, failed);
}

/** The error for an option "key" without a private key that can be read. */
export function notKey(reason: string, failed: Failed): TlsError {
  return unreadable("key", "a private key", "PRIVATE KEY", reason, failed);
}

function unreadable(
  option: string,
  what: string,
  label: string,
  reason: string,
  failed: Failed,
): TlsError {
  const words = wordsOf(reason);
  const why = EMPTY_WORDS.test(words)
    ? `expected the whole of a block that begins with "-----BEGIN ${label}-----"`
    : words;
  return invalid(`Option "${option}" does not hold ${what} in PEM: ${why}`, failed);
}

/** What a library says, without the codes around it. */
function wordsOf(reason: string): string {
  return OPENSSL_WORDS.exec(reason)?.[1]?.toLowerCase().replaceAll("_", " ") ?? reason;
}

/** The error for an encrypted key without a passphrase. */
export function keyIsEncrypted(): TlsError {
  return invalid('Option "key" holds an encrypted private key: pass option "passphrase", too');
}

/** The error for an encrypted key that can't be read by its passphrase. Libraries can't tell why. */
export function notDecrypted(reason: string, failed: Failed): TlsError {
  return invalid(
    `Option "passphrase" does not open the private key in option "key": it is wrong, or the key is ` +
      `damaged or encrypted by a method that is not known here (${wordsOf(reason)})`,
    failed,
  );
}

/** The error for more keys than one. */
export function severalKeys(count: number): TlsError {
  return invalid(
    `Option "key" holds ${count} private keys; pass only the one that belongs to "cert"`,
  );
}

/** The error for a root that is to be trusted with limits, which would not be kept. */
export function limitedTrust(option: string): TlsError {
  return invalid(
    `Option "${option}" holds a TRUSTED CERTIFICATE that says what it is trusted for, which nobody ` +
      'here looks at; to trust it for everything, pass what "openssl x509" makes of it',
  );
}

/**
 * Checks that a key belongs to the first certificate of a chain.
 *
 * @param belongs whether the key belongs to each certificate
 * @throws {TlsError} `INVALID_PEM`
 */
export function checkIdentity(
  chain: readonly string[],
  belongs: readonly boolean[],
  failed: Failed,
): void {
  const at = belongs.indexOf(true);
  if (at === 0) return;
  const count = chain.length;
  if (at > 0) {
    throw invalid(
      `Option "cert" must begin with the certificate that "key" belongs to, which is number ` +
        `${at + 1} of ${count} there, ${subjectOf(chain[at])}; its issuers go behind it`,
      failed,
    );
  }
  const others = count > 1 ? `, nor that of the ${count - 1} behind it` : "";
  throw unusableIdentity(
    "they don't belong together; the key is not that of the first certificate, " +
      `${subjectOf(chain[0])}${others}`,
    failed,
  );
}

/** A certificate's name for messages. */
function subjectOf(pem = ""): string {
  const { subject } = new X509Certificate(pem);
  return subject ? `"${subject.replaceAll("\n", ", ")}"` : "which has no subject";
}

/** The error for a certificate and a key that can be read but not used. */
export function unusableIdentity(why: string, failed: Failed): TlsError {
  return invalid(`Options "cert" and "key" can't be used: ${why}`, failed);
}
