/**
 * The roots that the runtime trusts, for the engines: read, counted and named.
 *
 * @module
 */

import { digest } from "../../base/digest.ts";
import { bytesOfBlock, certificateBlocks } from "../../base/pem.ts";
import { runtime, type RuntimeRoots } from "../../runtimes/mod.ts";
import { type CertificateFacts, namesItself, readCertificate } from "./certificate.ts";

/** The runtime's roots. */
export interface OwnRoots extends RuntimeRoots {
  /** Those that the user has added and that can be read, in PEM, one certificate each. */
  readonly added: readonly string[];
  /** How many of those that the user has added can't be read. */
  readonly unreadable: number;
  /** Equal for equal roots. */
  readonly name: string;
}

let last: { readonly from: RuntimeRoots; readonly roots: OwnRoots } | undefined;

/** What the runtime trusts now. A program may change that, so the answer is not to be kept. */
export function ownRoots(): OwnRoots {
  const from = runtime.roots();
  if (!last || !isSame(last.from, from)) last = { from, roots: read(from) };
  return last.roots;
}

/** Compares roots. Most often both hold the same strings, which is quick to tell. */
function isSame(a: RuntimeRoots, b: RuntimeRoots): boolean {
  if (a === b) return true;
  const sameList = (one: readonly string[], other: readonly string[]) =>
    one.length === other.length && one.every((each, index) => each === other[index]);
  return sameList(a.certificates, b.certificates) && sameList(a.added, b.added) &&
    a.untold === b.untold && JSON.stringify(a.places) === JSON.stringify(b.places);
}

function read(from: RuntimeRoots): OwnRoots {
  const blocks = from.added.flatMap((text) => {
    const found = certificateBlocks(text);
    return found.length > 0 ? found : [text]; // A file without a certificate counts as one.
  });
  const added = blocks.filter((block) => factsOf(block) !== undefined);
  // OpenSSL's places depend on variables.
  const where = from.places === "openssl" ? WHERE.map(runtime.env) : [];
  const { certificates, places } = from;
  const name = digest([certificates, added, places, where]);
  return { ...from, added, unreadable: blocks.length - added.length, name };
}

/** The variables that change where OpenSSL looks for the system's roots. */
const WHERE = ["SSL_CERT_FILE", "SSL_CERT_DIR"] as const;

/** What a block in PEM holds; `undefined` where that is no certificate. */
export function factsOf(block: string): CertificateFacts | undefined {
  return factsIn(bytesOfBlock(block));
}

/** The same for DER. */
export function factsIn(der: Uint8Array): CertificateFacts | undefined {
  try {
    return readCertificate(der);
  } catch {
    return undefined;
  }
}

/**
 * A short name for the roots that a client trusts, to be part of a key, and how many of them can't be
 * read. Equal names stand for equal roots. A resumption does not verify the certificate again, and a
 * stored session may be used by another process, which may not trust the server.
 */
export function trustOf(
  caCerts: readonly string[] | undefined,
): Pick<OwnRoots, "name" | "unreadable"> {
  return caCerts ? { name: digest(caCerts), unreadable: 0 } : ownRoots();
}

/**
 * Whether chains may end at a certificate that a caller trusts: one that issues others, or that has
 * signed itself. OpenSSL could end a chain at any other, too, but rustls can't.
 */
export function endsChains(facts: CertificateFacts): boolean {
  return facts.authority || namesItself(facts);
}

/** What a caller should know of the roots where a certificate led to none of them; "" if nothing. */
export function aboutRoots(caCerts: readonly string[] | undefined): string {
  if (!caCerts) {
    const { untold } = ownRoots();
    return untold === undefined ? "" : `; ${untold}`;
  }
  const facts = caCerts.flatMap(certificateBlocks).map(factsOf);
  return facts.every((each) => !each || endsChains(each)) ? "" : IDLE;
}

const IDLE =
  "; caCerts holds a certificate that issues no others and has not signed itself: pass " +
  "the certificate that issued it instead";
