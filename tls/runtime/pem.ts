/**
 * Certificates and keys from PEM. Not every runtime minds what it can't read.
 *
 * @module
 */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { notCertificate, notKey, unusableIdentity } from "../bad_pem.ts";

const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^]*?-----END [A-Z0-9 ]*-----/g;

/**
 * The certificates in `pem`, first to last.
 *
 * @throws {TlsError} `INVALID_PEM` when there is none, or one that can't be read
 */
export function readCertificates(pem: string, option: string): X509Certificate[] {
  const call = "X509Certificate";
  const blocks = pem.match(BLOCK);
  if (!blocks) throw notCertificate(option, "no start line", { call });
  return blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      throw notCertificate(option, (cause as Error).message, { call, cause });
    }
  });
}

/**
 * Checks that a chain and a key can be used together.
 *
 * @throws {TlsError} `INVALID_PEM`
 */
export function checkIdentity(cert: string, key: string): void {
  const [leaf] = readCertificates(cert, "cert");
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(key);
  } catch (cause) {
    throw notKey((cause as Error).message, { call: "createPrivateKey", cause });
  }
  if (leaf?.checkPrivateKey(privateKey)) return;
  throw unusableIdentity("key values mismatch", { call: "checkPrivateKey" });
}
