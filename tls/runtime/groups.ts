/**
 * Key-exchange groups by their three names: the wire's, OpenSSL's, and those `node:tls` takes.
 *
 * @module
 */

import type { ClientConfig } from "../engine.ts";

/** By their numbers on the wire (RFC 8446, section 4.2.7). */
const names: Readonly<Record<number, string>> = {
  23: "secp256r1",
  24: "secp384r1",
  25: "secp521r1",
  29: "x25519",
  30: "x448",
  4587: "SecP256r1MLKEM768",
  4588: "X25519MLKEM768",
  4589: "SecP384r1MLKEM1024",
};

/** A group's name as OpenSSL has it, whose names `conn.group` reports. */
export function groupName(number: number): string {
  return names[number] ?? `0x${number.toString(16).padStart(4, "0")}`;
}

/** BoringSSL knows each group by one name alone. */
const curves: Readonly<Record<string, string>> = {
  secp256r1: "P-256",
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
  x25519: "X25519",
  x448: "X448",
};

/** Whether a share can be sent for `group`; what a store says may be anything. */
function isKnown(group: string): boolean {
  return group.toLowerCase() in curves || Object.values(names).includes(group);
}

function curveOf(group: string): string {
  return curves[group.toLowerCase()] ?? group;
}

const CLASSICAL = ["X25519", "P-256", "P-384", "P-521"];

/**
 * The value of `ecdhCurve` for a hello with a single key share, the first of the list; `undefined`
 * leaves it to the library.
 *
 * BoringSSL sends a share for the hybrid wherever it stands, and beside it one for the first of the
 * others. So it is only offered where the server is known to pick it, and alone where the hello has
 * to be small.
 */
export function ecdhCurve(config: ClientConfig): string | undefined {
  const { groups, keyShare, forSyn, lean, session } = config;
  if (groups) return groups.map(curveOf).join(":");
  if (keyShare === undefined || !isKnown(keyShare)) return undefined;
  const curve = curveOf(keyShare);
  if (lean) return curve;
  const hybrid = curve.includes("MLKEM");
  // What protects a session agreed with the hybrid is the secret it inherits from that exchange.
  if (hybrid && forSyn && session !== undefined) return CLASSICAL.join(":");
  return [curve, ...CLASSICAL.filter((other) => other !== curve)].join(":");
}
