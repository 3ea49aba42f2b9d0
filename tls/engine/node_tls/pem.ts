/**
 * Reads certificates and keys from PEM. Not every runtime reports what it can't read.
 *
 * @module
 */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { certificateBlocks } from "../../../base/pem.ts";
import { notCertificate, notKey, unusableIdentity } from "../bad_pem.ts";

/**
 * The certificates in `pem`, first to last.
 *
 * @throws {TlsError} `INVALID_PEM` when there is none, or when one can't be read
 */
export function readCertificates(pem: string, option: string): X509Certificate[] {
  const call = "X509Certificate";
  const blocks = certificateBlocks(pem);
  if (blocks.length === 0) throw notCertificate(option, "no start line", { call });
  return blocks.map((block) => {
    try {
      return stripTrailer(new X509Certificate(block));
    } catch (cause) {
      throw notCertificate(option, (cause as Error).message, { call, cause });
    }
  });
}

/** The beginning of DER whose length takes two bytes, as in nearly every certificate. */
const LONG_SEQUENCE = 0x3082;

/** Removes the notes of OpenSSL behind a TRUSTED CERTIFICATE. Not every runtime ignores them. */
function stripTrailer(certificate: X509Certificate): X509Certificate {
  const { raw } = certificate;
  const length = raw.readUInt16BE(0) === LONG_SEQUENCE ? 4 + raw.readUInt16BE(2) : raw.length;
  return length < raw.length ? new X509Certificate(raw.subarray(0, length)) : certificate;
}

/**
 * The chain in `cert`, after a check that `key` belongs to it.
 *
 * @throws {TlsError} `INVALID_PEM`
 */
export function chainWith(cert: string, key: string): X509Certificate[] {
  const chain = readCertificates(cert, "cert");
  const [leaf] = chain;
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(key);
  } catch (cause) {
    throw notKey((cause as Error).message, { call: "createPrivateKey", cause });
  }
  if (leaf?.checkPrivateKey(privateKey)) return chain;
  throw unusableIdentity("key values mismatch", { call: "checkPrivateKey" });
}
