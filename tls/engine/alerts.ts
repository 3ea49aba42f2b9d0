/**
 * The names of alerts (RFC 8446, section 6, and the registry of TLS alerts).
 *
 * @module
 */

const names: Readonly<Record<number, string>> = {
  0: "close notify",
  10: "unexpected message",
  20: "bad record mac",
  22: "record overflow",
  40: "handshake failure",
  42: "bad certificate",
  43: "unsupported certificate",
  44: "certificate revoked",
  45: "certificate expired",
  46: "certificate unknown",
  47: "illegal parameter",
  48: "unknown ca",
  49: "access denied",
  50: "decode error",
  51: "decrypt error",
  70: "protocol version",
  71: "insufficient security",
  80: "internal error",
  86: "inappropriate fallback",
  90: "user canceled",
  100: "no renegotiation",
  109: "missing extension",
  110: "unsupported extension",
  112: "unrecognized name",
  113: "bad certificate status response",
  115: "unknown psk identity",
  116: "certificate required",
  120: "no application protocol",
};

/** An alert in words: `the alert "handshake failure" (40)`. */
export function alertInWords(alert: number): string {
  const name = names[alert];
  return name === undefined
    ? `alert ${alert}, which has no name`
    : `the alert "${name}" (${alert})`;
}

/** Removes the differences between the spellings of a name. */
function normalizeName(name: string): string {
  return name.toLowerCase().replace(/[^a-z]/g, "").replace("ised", "ized").replace("lled", "led");
}

const numbers = new Map(
  Object.entries(names).map(([number, name]) => [normalizeName(name), Number(number)]),
);

/** The number of the alert with this name, in any spelling. */
export function alertNamed(name: string): number | undefined {
  return numbers.get(normalizeName(name));
}
