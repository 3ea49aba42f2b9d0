/**
 * Certificates in the shape that Node's sockets give them.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate, PeerCertificate } from "node:tls";

/** A certificate as `getPeerCertificate()` describes it; an empty object where there is none. */
export function describeCertificate(
  der: Uint8Array | undefined,
): PeerCertificate | Record<string, never> {
  return der ? new X509Certificate(der).toLegacyObject() as PeerCertificate : {};
}

/**
 * A chain as `getPeerCertificate(true)` describes it: each certificate with the one of its issuer. A root,
 * which is its own issuer, ends it.
 */
export function describeChain(
  chain: readonly Uint8Array[],
): DetailedPeerCertificate | Record<string, never> {
  const described = chain.map((der) => describeCertificate(der) as DetailedPeerCertificate);
  for (const [index, each] of described.entries()) {
    const issuer = described[index + 1];
    const certificate = new X509Certificate(chain[index]!);
    if (issuer) each.issuerCertificate = issuer;
    else if (certificate.checkIssued(certificate)) each.issuerCertificate = each;
  }
  return described[0] ?? {};
}
