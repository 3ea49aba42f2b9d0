/**
 * Certificates and keys from PEM. Not every runtime minds what it can't read.
 *
 * @module
 */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { TlsError } from "../errors.ts";

const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^]*?-----END [A-Z0-9 ]*-----/g;

/**
 * The certificates in `pem`, first to last.
 *
 * @throws {TlsError} `INVALID_PEM` when there is none, or one that can't be read
 */
export function readCertificates(pem: string, option: string): X509Certificate[] {
  const unreadable = (reason: string, cause?: unknown) =>
    new TlsError(
      "INVALID_PEM",
      `Option "${option}" does not hold a certificate in PEM: ${reason}`,
      { call: "X509Certificate", cause },
    );
  const blocks = pem.match(BLOCK);
  if (!blocks) throw unreadable("no start line");
  return blocks.map((block) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw unreadable((error as Error).message, error);
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
  } catch (error) {
    throw new TlsError(
      "INVALID_PEM",
      `Option "key" does not hold an unencrypted private key in PEM: ${(error as Error).message}`,
      { call: "createPrivateKey", cause: error },
    );
  }
  if (leaf?.checkPrivateKey(privateKey)) return;
  throw new TlsError(
    "INVALID_PEM",
    'Options "cert" and "key" can\'t be used: they don\'t belong together',
    { call: "checkPrivateKey" },
  );
}
