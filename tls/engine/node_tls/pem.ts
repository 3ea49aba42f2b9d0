/**
 * Reads certificates and keys from PEM. Not every runtime reports what it can't read.
 *
 * @module
 */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { checkIdentity, notCertificate, notDecrypted, notKey } from "../bad_pem.ts";
import { certificatesIn, keyIn } from "../pem_blocks.ts";

/**
 * The certificates in `pem`, first to last.
 *
 * @throws {TlsError} `INVALID_PEM` when there is none, or when one can't be read
 */
export function readCertificates(pem: string, option: string): X509Certificate[] {
  return certificatesIn(pem, option).map((block) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      const { message } = cause as Error;
      throw notCertificate(option, message, { call: "X509Certificate", cause });
    }
  });
}

/** A certificate chain and its key in PEM, the key not encrypted. */
export interface RuntimeIdentity {
  readonly cert: string;
  readonly key: string;
}

/**
 * The chain in `cert` and the key in `key`, after a check that they belong together.
 *
 * @throws {TlsError} `INVALID_PEM`
 */
export function readIdentity(
  cert: string,
  key: string,
  passphrase: string | undefined,
): RuntimeIdentity {
  const chain = readCertificates(cert, "cert");
  const { privateKey, pem } = readKey(key, passphrase);
  const blocks = chain.map(String);
  const belongs = chain.map((each) => each.checkPrivateKey(privateKey));
  checkIdentity(blocks, belongs, { call: "checkPrivateKey" });
  return { cert: blocks.join(""), key: pem };
}

function readKey(pem: string, passphrase: string | undefined): {
  readonly privateKey: KeyObject;
  readonly pem: string;
} {
  const { text, isEncrypted } = keyIn(pem, passphrase);
  try {
    if (!isEncrypted) return { privateKey: createPrivateKey(text), pem: text };
    const privateKey = createPrivateKey({ key: text, passphrase });
    // Not every runtime takes a passphrase where it takes the key.
    return { privateKey, pem: privateKey.export({ type: "pkcs8", format: "pem" }) as string };
  } catch (cause) {
    const unreadable = isEncrypted ? notDecrypted : notKey;
    throw unreadable((cause as Error).message, { call: "createPrivateKey", cause });
  }
}
