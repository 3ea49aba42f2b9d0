/**
 * Follows signatures from a certificate to a root: the second check of a verdict that the runtime
 * has reached by itself. It can only refuse.
 *
 * Some runtimes follow names where signatures should be followed, or take keys and digests that are
 * too weak. What is checked here comes from the certificates' bytes. The signatures themselves are
 * verified by the runtime.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { createHash, type KeyObject, X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { Recent } from "../../../base/recent.ts";
import {
  attributesOf,
  type CertificateFacts,
  namesItself,
  readCertificate,
} from "../certificate.ts";
import { endsChains } from "../own_roots.ts";
import { hasSigned } from "./signature.ts";
import { weakKey, type Weakness, weakSignature } from "../strength.ts";

/** The most certificates that are looked at. Real chains are shorter; longer ones waste CPU time. */
const MOST_PRESENTED = 20;

/** Leaf certificates remembered; a program connects to the same few servers again and again. */
const MOST_TRUSTED = 256;

const UNTRUSTED: Weakness = {
  code: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  words: "the chain does not lead to a certificate that is trusted",
};

/** A certificate, and the runtime's own reading of it, which is made when it is needed. */
class Certificate {
  readonly facts: CertificateFacts;
  /** Keys of the two names. */
  readonly subject: string;
  readonly issuer: string;
  #native: X509Certificate | undefined;

  constructor(der: Uint8Array) {
    this.facts = readCertificate(der);
    this.subject = nameKey(this.facts.subject);
    this.issuer = nameKey(this.facts.issuer);
  }

  /** Whether this certificate's key has signed another one. The runtime verifies it. */
  hasIssued(other: Certificate): boolean {
    if (this.subject !== other.issuer) return false;
    const { publicKey } = this;
    return publicKey !== undefined && hasSigned(publicKey, other.native, other.facts);
  }

  /** `undefined` where the runtime can't use such a key. */
  get publicKey(): KeyObject | undefined {
    try {
      return this.native.publicKey;
    } catch {
      return undefined;
    }
  }

  get native(): X509Certificate {
    return this.#native ??= new X509Certificate(this.facts.der);
  }
}

/** Where chains may end, and the leaf certificates that are known to lead there. */
export class Trust {
  #ders: readonly Uint8Array[];
  #complete: boolean;
  #anchors: Map<string, Certificate[]> | undefined;
  #trusted = new Recent<string, true>(MOST_TRUSTED);

  /**
   * `anchors` are in DER. If they are not all that the runtime trusts, a chain may also end at a
   * certificate of whose issuer's name the peer has sent none. The runtime has found that one.
   */
  constructor(anchors: readonly Uint8Array[], complete: boolean) {
    this.#ders = anchors;
    this.#complete = complete;
  }

  /** Why the certificate that a peer has presented is not to be trusted. */
  faultOf(socket: TLSSocket): Weakness | undefined {
    const [leaf, ...others] = presentedBy(socket);
    if (!leaf) return UNTRUSTED;
    const name = nameOf(leaf);
    if (this.#trusted.get(name)) return undefined;
    const fault = this.#judge(new Certificate(leaf), readAll(others));
    if (!fault) this.#trusted.set(name, true);
    return fault;
  }

  /** Looks for a chain from `leaf`, by way of `others`, in which nothing is wrong. */
  #judge(leaf: Certificate, others: readonly Certificate[]): Weakness | undefined {
    const now = Date.now();
    const left = new Set(others); // A certificate that led nowhere is not tried again.
    const follow = (each: Certificate): Weakness | undefined => {
      left.delete(each);
      const { facts } = each;
      const unfit = weakKey(facts, each === leaf) ?? outOfDate(facts, now);
      if (unfit) return unfit;
      if (this.#isAnchor(each)) return undefined;
      // A root that is sent along, and not known here, is one that the runtime knows.
      if (!this.#complete && each !== leaf && namesItself(facts)) return undefined;
      const unsafe = facts.version < 3 ? UNTRUSTED : weakSignature(facts);
      if (unsafe) return unsafe;
      const ends = this.#anchorsNamed(each.issuer).filter((anchor) => anchor.hasIssued(each));
      const named = [...left].filter((other) => other.subject === each.issuer);
      if (!this.#complete && ends.length + named.length === 0) return undefined;
      const sent = named.filter((other) => isIssuer(other.facts) && other.hasIssued(each));
      return firstGood([
        ...ends.map(({ facts }) => () => weakKey(facts, false) ?? outOfDate(facts, now)),
        ...sent.map((issuer) => () => follow(issuer)),
      ]);
    };
    return follow(leaf);
  }

  #anchorsNamed(name: string): readonly Certificate[] {
    this.#anchors ??= anchorsIn(this.#ders); // Reading them takes longer than a hello may wait.
    return this.#anchors.get(name) ?? [];
  }

  #isAnchor({ subject, facts: { der } }: Certificate): boolean {
    return this.#anchorsNamed(subject).some(({ facts }) => facts.der.equals(der));
  }
}

/** The certificates at which chains may end, by their subjects. */
function anchorsIn(ders: readonly Uint8Array[]): Map<string, Certificate[]> {
  const anchors = readAll(ders).filter(({ facts }) => endsChains(facts));
  return Map.groupBy(anchors, ({ subject }) => subject);
}

/** Nothing if one of the ways is good; otherwise what is wrong with the first one. */
function firstGood(ways: readonly (() => Weakness | undefined)[]): Weakness | undefined {
  let first: Weakness | undefined = ways.length === 0 ? UNTRUSTED : undefined;
  for (const way of ways) {
    const fault = way();
    if (!fault) return undefined;
    first ??= fault;
  }
  return first;
}

/**
 * All certificates that a peer has presented, the leaf first. Each runtime leaves some out of one of
 * its two lists: of a chain that was sent out of order, or of a long one.
 */
function presentedBy(socket: TLSSocket): Uint8Array[] {
  const found = new Map<string, Uint8Array>();
  let x509 = socket.getPeerX509Certificate();
  for (let count = 0; x509 && count < MOST_PRESENTED; count++) {
    found.set(nameOf(x509.raw), x509.raw);
    x509 = x509.issuerCertificate;
  }
  let each: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  for (let count = 0; each?.raw && count < MOST_PRESENTED; count++) {
    found.set(nameOf(each.raw), each.raw);
    const { issuerCertificate: issuer }: DetailedPeerCertificate = each;
    each = issuer === each ? undefined : issuer; // The issuer of a root is the root.
  }
  return [...found.values()];
}

/** A name for bytes. */
function nameOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Reads certificates, without those that are none. */
function readAll(ders: readonly Uint8Array[]): Certificate[] {
  return ders.flatMap((der) => {
    try {
      return [new Certificate(der)];
    } catch {
      return [];
    }
  });
}

function isIssuer({ version, authority }: CertificateFacts): boolean {
  return version === 3 && authority;
}

/** What is wrong with the time at which a certificate is looked at. Unreadable dates are NaN. */
function outOfDate({ from, until }: CertificateFacts, now: number): Weakness | undefined {
  if (from <= now && now <= until) return undefined;
  return now < from
    ? { code: "CERT_NOT_YET_VALID", words: "a certificate is not yet valid" }
    : { code: "CERT_HAS_EXPIRED", words: "a certificate has expired" };
}

/**
 * A key that is the same for names that are the same (RFC 5280, section 7.1): letters match in
 * either case, white space counts as one space, and the kind of a string does not count. It only finds
 * candidates; a signature decides.
 */
function nameKey(name: Buffer): string {
  const parts = attributesOf(name).map(({ type, value: { tag, content } }) => {
    const text = content.toString(tag === BMP_STRING ? "hex" : "utf8");
    return [type, text.trim().toLowerCase().replace(/\s+/g, " ")];
  });
  return JSON.stringify(parts);
}

/** A string of two bytes per character. */
const BMP_STRING = 0x1e;
