/**
 * Follows signatures from a certificate to a root: the second check of a verdict that the runtime
 * has reached by itself.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { Recent } from "../../../base/recent.ts";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";

/** The longest chain that is followed. Real chains are shorter; longer ones waste CPU time. */
const LONGEST = 10;

/** Leaf certificates remembered; a program connects to the same few servers again and again. */
const MOST_TRUSTED = 256;

/** Some roots, and the leaf certificates that are known to lead to them. */
export class Trust {
  #roots: readonly X509Certificate[];
  #trusted = new Recent<string, true>(MOST_TRUSTED);

  constructor(roots: readonly X509Certificate[]) {
    this.#roots = roots;
  }

  /** Whether the certificate that a peer has presented leads to a root. */
  isTrusted(socket: TLSSocket): boolean {
    const leaf = socket.getPeerX509Certificate();
    if (!leaf) return false;
    if (this.#trusted.get(leaf.fingerprint256)) return true;
    if (!leadsTo(this.#roots, presentedBy(socket.getPeerCertificate(true)))) return false;
    this.#trusted.set(leaf.fingerprint256, true);
    return true;
  }
}

/** All certificates that a peer has presented, the leaf first. Some peers present it twice. */
function presentedBy(peer: DetailedPeerCertificate): X509Certificate[] {
  const presented: X509Certificate[] = [];
  let each: DetailedPeerCertificate | undefined = peer;
  while (each?.raw && presented.length < LONGEST) {
    presented.push(new X509Certificate(each.raw));
    const issuer: DetailedPeerCertificate | undefined = each.issuerCertificate;
    each = issuer === each ? undefined : issuer; // The issuer of a root is the root.
  }
  return presented;
}

/**
 * Whether the first of `presented` is one of `roots` or was issued by one, directly or by others of
 * `presented`.
 */
function leadsTo(
  roots: readonly X509Certificate[],
  presented: readonly X509Certificate[],
): boolean {
  const now = Date.now();
  const left = new Set(presented); // A certificate that led to no root is not tried again.
  const leads = (each: X509Certificate): boolean => {
    left.delete(each);
    if (roots.some(({ raw }) => raw.equals(each.raw))) return true;
    if (!isVersion3(each) || !isValid(each, now)) return false;
    if (roots.some((root) => hasIssued(root, each))) return true;
    return left.values().some((issuer) => issuer.ca && hasIssued(issuer, each) && leads(issuer));
  };
  const [leaf] = presented;
  return leaf !== undefined && leads(leaf);
}

function hasIssued(issuer: X509Certificate, subject: X509Certificate): boolean {
  return subject.issuer === issuer.subject && subject.verify(issuer.publicKey);
}

function isValid({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return Date.parse(validFrom) <= now && now <= Date.parse(validTo);
}

/** Whether a certificate begins with version 3, which is encoded as 2 (RFC 5280, section 4.1). */
function isVersion3({ raw }: X509Certificate): boolean {
  const content = raw.subarray(contentOf(raw, 0));
  return content.subarray(contentOf(content, 0)).subarray(0, 5).equals(VERSION_3);
}

const VERSION_3 = Buffer.of(0xa0, 3, 2, 1, 2);

/** Where the content of the DER element at `at` begins. */
function contentOf(bytes: Buffer, at: number): number {
  const length = bytes.readUInt8(at + 1);
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f);
}
