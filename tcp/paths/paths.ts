/**
 * What this process knows of the paths it has used: how long a round trip takes, how much a SYN can
 * carry, and whether SYNs with data get through.
 *
 * A path leads from a local network to a destination's address. From another network there may be
 * another middlebox in between, so what was learned on one network does not count on another.
 *
 * @module
 */

import { Recent } from "../../base/recent.ts";
import { badArgument } from "../../base/option_errors.ts";
import { adviseAfter, type Setback, setBack } from "../../base/setback.ts";

/** A path, as {@linkcode PathMemory.entries} shows it. */
export interface KnownPath {
  /** The destination's IP address. */
  readonly address: string;
  /** The local network: `192.0.2.0/24`, `2001:db8::/64`. */
  readonly network: string;
  /** Smoothed round-trip time in milliseconds, once known. */
  readonly rtt?: number;
  /** Bytes of data that a SYN has room for, once known. */
  readonly synRoom?: number;
  /** Set while connections over this path start without Fast Open. */
  readonly blocked?: BlockedPath;
}

/** What is known of a path that lost SYNs with Fast Open. */
export type BlockedPath = Setback;

/** What {@linkcode pathMemory} offers. */
export interface PathMemory {
  /** All known paths, the least recently used first. At most 1,024 paths are kept. */
  entries(): KnownPath[];
  /**
   * Forgets all paths, or those to one IP address.
   *
   * @throws {OptionError} when `address` is not a string
   */
  clear(address?: string): void;
}

interface Path {
  readonly address: string;
  readonly network: string;
  rtt: number | undefined;
  synRoom: number | undefined;
  blocked: BlockedPath | undefined;
}

const MOST_PATHS = 1024;

/** Weight of a new round-trip time. It is twice that of RFC 6298, because samples are few. */
const GAIN = 1 / 4;

const paths = new Recent<string, Path>(MOST_PATHS, (path) => setBlocked(path, undefined));

/** The number of blocked paths to an address. For most addresses no other look-up is needed. */
const blockedTo = new Map<string, number>();

const keyOf = (address: string, network: string) => `${address} ${network}`;

function pathOf(address: string, network: string): Path {
  return paths.getOrMake(keyOf(address, network), () => ({
    address,
    network,
    rtt: undefined,
    synRoom: undefined,
    blocked: undefined,
  }));
}

function setBlocked(path: Path, blocked: BlockedPath | undefined): void {
  const change = Number(blocked !== undefined) - Number(path.blocked !== undefined);
  const count = (blockedTo.get(path.address) ?? 0) + change;
  if (count === 0) blockedTo.delete(path.address);
  else blockedTo.set(path.address, count);
  path.blocked = blocked;
}

function forget(path: Path): void {
  setBlocked(path, undefined);
  paths.take(keyOf(path.address, path.network));
}

/** Whether any path to `address` is blocked, from any local network. */
export function mayBeBlocked(address: string): boolean {
  return blockedTo.has(address);
}

/** Milliseconds a round trip takes, once known. */
export function roundTrip(address: string, network: string): number | undefined {
  return paths.peek(keyOf(address, network))?.rtt;
}

/** Learns a round-trip time in milliseconds. */
export function learnRoundTrip(address: string, network: string, rtt: number): void {
  const path = pathOf(address, network);
  path.rtt = path.rtt === undefined ? rtt : path.rtt + GAIN * (rtt - path.rtt);
}

/** Bytes of data that a SYN has room for, once known. */
export function knownRoom(address: string, network: string): number | undefined {
  return paths.peek(keyOf(address, network))?.synRoom;
}

/** Learns how many bytes of data a SYN has room for. */
export function learnRoom(address: string, network: string, room: number): void {
  pathOf(address, network).synRoom = room;
}

/**
 * What to do about Fast Open on a path. Once the wait is over, one connection at a time gets
 * `"probe"`.
 */
export function adviceFor(address: string, network: string): "use" | "avoid" | "probe" {
  const path = paths.peek(keyOf(address, network));
  if (!path?.blocked) return "use";
  const { advice, after } = adviseAfter(path.blocked);
  setBlocked(path, after);
  return advice;
}

/** Notes that the path lost a SYN with Fast Open; `probed` if that SYN was a probe. */
export function noteBlocked(address: string, network: string, probed: boolean): void {
  const path = pathOf(address, network);
  setBlocked(path, setBack(path.blocked, probed));
}

/** Notes that the path carried a SYN with data. */
export function noteOpen(address: string, network: string): void {
  const path = paths.peek(keyOf(address, network));
  if (path?.blocked) setBlocked(path, undefined);
}

/**
 * What this process has learned of the paths its connections took.
 *
 * If a SYN with Fast Open was lost and a plain one got through, later connections start plain. They
 * do so for ten seconds at first, since the loss may have been chance, and for twice as long after
 * each failed probe, up to an hour. A probe is a connection that tries both ways at once, so that
 * no caller waits for it.
 *
 * ```ts
 * import { pathMemory } from "@firstflight/tls";
 *
 * for (const { address, rtt, blocked } of pathMemory.entries()) {
 *   console.log(address, rtt, blocked ? `plain until ${new Date(blocked.until)}` : "Fast Open");
 * }
 * pathMemory.clear(); // For example after the network changed, but not its addresses.
 * ```
 */
export const pathMemory: PathMemory = {
  entries() {
    return paths.values().map(({ address, network, rtt, synRoom, blocked }) => ({
      address,
      network,
      ...(rtt === undefined ? {} : { rtt }),
      ...(synRoom === undefined ? {} : { synRoom }),
      ...(blocked ? { blocked } : {}),
    })).toArray();
  },
  clear(address) {
    if (address !== undefined && typeof address !== "string") {
      throw badArgument("address", "an IP address", address);
    }
    for (const path of [...paths.values()]) {
      if (address === undefined || path.address === address) forget(path);
    }
  },
};
