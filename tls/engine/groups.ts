/**
 * Key-exchange groups (RFC 8446, section 4.2.7): their names, their order, and which are hybrid.
 *
 * @module
 */

interface Group {
  /** Its number in TLS messages. */
  readonly number: number;
  /** OpenSSL's name, which `conn.group` reports. */
  readonly name: string;
  /** The only name by which BoringSSL knows the group. */
  readonly curve: string;
}

/** Classical groups, most wanted first. */
const classical: readonly Group[] = [
  { number: 29, name: "x25519", curve: "X25519" },
  { number: 23, name: "secp256r1", curve: "P-256" },
  { number: 30, name: "x448", curve: "X448" },
  { number: 24, name: "secp384r1", curve: "P-384" },
  { number: 25, name: "secp521r1", curve: "P-521" },
];

/**
 * Hybrids of a classical group and ML-KEM. Their shares don't fit a hello that resumes in a SYN.
 */
const hybrid: readonly Group[] = [
  { number: 4588, name: "X25519MLKEM768", curve: "X25519MLKEM768" },
  { number: 4587, name: "SecP256r1MLKEM768", curve: "SecP256r1MLKEM768" },
  { number: 4589, name: "SecP384r1MLKEM1024", curve: "SecP384r1MLKEM1024" },
];

const groups = [...classical, ...hybrid];

/** Other names that people use. */
const aliases: Readonly<Record<string, string>> = { prime256v1: "secp256r1" };

/** The hybrid that libraries prefer. */
export const PREFERRED_HYBRID = "X25519MLKEM768";

/** The names of the classical groups, most wanted first. */
export const classicalGroups: readonly string[] = classical.map(({ name }) => name);

/** The number in TLS messages of a group; `undefined` where it is not known. */
export function numberOfGroup(name: string): number | undefined {
  return findGroup(name)?.number;
}

/** The name of the group with this number in TLS messages. */
export function nameOfGroup(number: number): string {
  const found = groups.find((group) => group.number === number);
  return found?.name ?? `0x${number.toString(16).padStart(4, "0")}`;
}

/** The name by which `node:tls` takes a group in `ecdhCurve`. */
export function curveOfGroup(name: string): string {
  return findGroup(name)?.curve ?? name;
}

/** Whether the group is in the tables above. A session store may hand out any name. */
export function isKnownGroup(name: string): boolean {
  return findGroup(name) !== undefined;
}

function findGroup(name: string): Group | undefined {
  const lower = name.toLowerCase();
  const meant = aliases[lower] ?? lower;
  return groups.find((group) => group.name.toLowerCase() === meant);
}

/** Whether a group is a hybrid. */
export function isHybrid(name: string | undefined): boolean {
  return name?.includes("MLKEM") ?? false;
}

/** Whether `name` looks like the name of one group: OpenSSL's lists allow more than names. */
export function isGroupName(name: unknown): boolean {
  return typeof name === "string" && /^[\w-]+$/.test(name);
}

/**
 * The groups to offer with a single key share: all of `offered`, the group of the share first.
 *
 * A server that prefers a hybrid requests it by a HelloRetryRequest when it is offered without a
 * key share, and rejects early data by that. A SYN has no room for the share of a hybrid. So a
 * hello that resumes a session in a SYN offers no hybrids. The connection is protected by the
 * secret that the session inherits from its hybrid key exchange.
 */
export function groupsWithShare(
  share: string,
  offered: readonly string[],
  resumesInSyn: boolean,
): string[] {
  if (resumesInSyn && isHybrid(share)) return offered.filter((name) => !isHybrid(name));
  return [share, ...offered.filter((name) => name !== share)];
}
