/**
 * Which keys and signatures are too weak to trust: those below 112 bits, which is OpenSSL's security
 * level 2 (RFC 9325, section 4.5). OpenSSL checks it by itself; BoringSSL has no such levels.
 *
 * @module
 */

import { elementAt, elementsOf } from "../../base/der.ts";
import type { TlsErrorCode } from "../errors.ts";
import { type Algorithm, algorithmIn, type CertificateFacts } from "./certificate.ts";

/** OpenSSL's security level that demands 112 bits. */
export const LEAST_SECURITY_LEVEL = 2;

/** Bits of an RSA or DSA modulus that are worth 112. */
const LEAST_MODULUS_BITS = 2048;

/** Bits of an elliptic curve that are worth 112. */
const LEAST_CURVE_BITS = 224;

/** Why a certificate is too weak. */
export interface Weakness {
  readonly code: TlsErrorCode;
  readonly words: string;
}

/** Object identifiers in hexadecimal. */
const RSA = "2a864886f70d010101";
const RSA_PSS = "2a864886f70d01010a";
const DSA = "2a8648ce380401";
const EC = "2a8648ce3d0201";

/** Why the key of a certificate is too weak; `undefined` for one that is not, or of another kind. */
export function weakKey(certificate: CertificateFacts, isLeaf: boolean): Weakness | undefined {
  const { keyAlgorithm: { oid, parameters }, publicKey } = certificate;
  const weak = (kind: string, bits: number, least: number): Weakness | undefined => {
    if (bits >= least) return undefined;
    const whose = isLeaf ? "" : " of an authority";
    const words = `the ${kind} key${whose} with ${bits} bits is too weak`;
    return { code: isLeaf ? "EE_KEY_TOO_SMALL" : "CA_KEY_TOO_SMALL", words };
  };
  if (oid === RSA || oid === RSA_PSS) {
    const [modulus] = elementsOf(publicKey);
    return weak("RSA", bitsOf(modulus?.content), LEAST_MODULUS_BITS);
  }
  if (oid === DSA) {
    const prime = parameters.length === 0 ? undefined : elementsOf(parameters)[0]?.content;
    return weak("DSA", bitsOf(prime), LEAST_MODULUS_BITS);
  }
  if (oid !== EC) return undefined;
  // A point is a byte that tells its form, then one coordinate or both (SEC 1, section 2.3.3).
  const coordinates = publicKey[0] === 4 ? 2 : 1;
  const bits = ((publicKey.length - 1) / coordinates) * 8;
  return weak("elliptic-curve", bits, LEAST_CURVE_BITS);
}

/** Bits of an unsigned INTEGER. */
function bitsOf(content: Uint8Array = new Uint8Array()): number {
  const first = content.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (content.length - first) * 8 - Math.clz32(content[first] ?? 0) + 24;
}

/** Digests of SHA-2 by the last byte of an algorithm with RSA (PKCS #1), or with ECDSA. */
const withRsa = { "0e": "sha224", "0b": "sha256", "0c": "sha384", "0d": "sha512" } as const;
const withEcdsa = { "01": "sha224", "02": "sha256", "03": "sha384", "04": "sha512" } as const;

/** What NIST has numbered: signatures with DSA, SHA-3, ML-DSA and SLH-DSA; digests. */
const NIST_SIGNATURES = "6086480165030403";
const NIST_DIGESTS = "6086480165030402";
const nistDigests = { "04": "sha224", "01": "sha256", "02": "sha384", "03": "sha512" } as const;

/** Signatures with digests of their own: Ed25519, Ed448. */
const PURE: readonly string[] = ["2b6570", "2b6571"];

const digests: ReadonlyMap<string, string> = new Map([
  ...Object.entries(withRsa).map(([last, name]) => [`2a864886f70d0101${last}`, name] as const),
  ...Object.entries(withEcdsa).map(([last, name]) => [`2a8648ce3d0403${last}`, name] as const),
  ...Object.entries(nistDigests).map(([last, name]) => [NIST_DIGESTS + last, name] as const),
]);

/** The digest of SHA-2 that an algorithm signs; `undefined` for all others. */
export function digestOf(algorithm: Algorithm): { name: string; pss: boolean } | undefined {
  const pss = algorithm.oid === RSA_PSS;
  const name = digests.get(pss ? digestOfPss(algorithm) : algorithm.oid);
  return name === undefined ? undefined : { name, pss };
}

/** Why the signature on a certificate is too weak. A root's on itself proves nothing anyway. */
export function weakSignature({ signatureAlgorithm }: CertificateFacts): Weakness | undefined {
  const { oid } = signatureAlgorithm;
  const isStrong = digestOf(signatureAlgorithm) !== undefined || PURE.includes(oid) ||
    oid.startsWith(NIST_SIGNATURES);
  if (isStrong) return undefined;
  return {
    code: "CA_MD_TOO_WEAK",
    words: "a certificate is signed with SHA-1, or with another digest that is too weak",
  };
}

/** The digest of an RSASSA-PSS signature; without a name it is SHA-1 (RFC 4055, section 3.1). */
function digestOfPss({ parameters }: Algorithm): string {
  const fields = parameters.length === 0 ? [] : elementsOf(parameters);
  const named = fields.find(({ tag }) => tag === 0xa0);
  return named ? algorithmIn(elementAt(named.content)).oid : "";
}
