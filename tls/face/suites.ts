/**
 * Suites and groups in the shape that Node's sockets give them.
 *
 * @module
 */

/** The key of an exchange, as `getEphemeralKeyInfo()` describes it. */
export function describeGroup(group: string | undefined): object {
  const known = group === undefined ? undefined : ephemeralKeys[group.toLowerCase()];
  return known ? { type: "ECDH", ...known } : {};
}

const ephemeralKeys: Readonly<Record<string, { readonly name: string; readonly size: number }>> = {
  x25519: { name: "X25519", size: 253 },
  x448: { name: "X448", size: 448 },
  secp256r1: { name: "prime256v1", size: 256 },
  secp384r1: { name: "secp384r1", size: 384 },
  secp521r1: { name: "secp521r1", size: 521 },
};

/** OpenSSL's name of a suite, which Node tells beside the standard one. Those of TLS 1.3 are the same. */
export function nameOfCipher(standardName: string): string {
  if (!standardName.includes("_WITH_")) return standardName;
  return standardName
    .replace(/^TLS_/, "")
    .replace("_WITH_", "_")
    .replace(/AES_(\d+)_/, "AES$1_")
    .replace("CHACHA20_POLY1305_SHA256", "CHACHA20_POLY1305")
    .replace("_CBC_", "_")
    .replaceAll("_", "-");
}
