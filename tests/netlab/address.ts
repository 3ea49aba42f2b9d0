/**
 * IP addresses as bytes and as text.
 *
 * @module
 */

import { isIPv4, isIPv6 } from "node:net";

/** The text of 4 or 16 bytes. IPv6 follows RFC 5952, so that equal addresses have equal texts. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[i]! << 8 | bytes[i + 1]!).toString(16));
  const text = groups.join(":");
  const zeros = text.match(/\b0(?::0)+\b/g) ?? [];
  const longest = zeros.reduce((best, run) => run.length > best.length ? run : best, "");
  if (longest === "") return text;
  const at = text.search(new RegExp(`(?<![0-9a-f])${longest}(?![0-9a-f])`));
  const before = text.slice(0, at).replace(/:$/, "");
  const after = text.slice(at + longest.length).replace(/^:/, "");
  return `${before}::${after}`;
}

/** The bytes of an address. Zones, and IPv4 tails of IPv6 addresses, are not accepted. */
export function parseAddress(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split("."), Number);
  if (!isIPv6(text) || /[.%]/.test(text)) throw new TypeError(`no address: ${text}`);
  const [front = [], back = []] = text.split("::").map((part) => part.split(":").filter(Boolean));
  const missing = 8 - front.length - back.length;
  const groups = [...front, ...new Array<string>(missing).fill("0"), ...back];
  return Uint8Array.from(groups.flatMap((group) => {
    const value = parseInt(group, 16);
    return [value >> 8, value & 0xff];
  }));
}
