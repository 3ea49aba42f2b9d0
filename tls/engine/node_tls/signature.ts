/**
 * Signatures on certificates, verified by the runtime.
 *
 * @module
 */

import { constants, type KeyObject, verify, type X509Certificate } from "node:crypto";
import type { CertificateFacts } from "../certificate.ts";
import { digestOf } from "../strength.ts";

/** Whether `key` has made the signature on a certificate. */
export function hasSigned(
  key: KeyObject,
  certificate: X509Certificate,
  facts: CertificateFacts,
): boolean {
  try {
    if (certificate.verify(key)) return true;
  } catch {
    // Deno does not verify every kind that its TLS does, but `verify` below does.
  }
  const digest = digestOf(facts.signatureAlgorithm);
  if (!digest) return false;
  const { signed, signature } = facts;
  try {
    const padded = digest.pss
      ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
      : {};
    return verify(digest.name, signed, { key, ...padded }, signature);
  } catch {
    return false; // The runtime can't use such a key.
  }
}
