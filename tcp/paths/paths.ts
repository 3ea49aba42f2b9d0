/**
 * What this process knows of the paths it has used: how long a round trip takes, how much a SYN can
 * carry, and whether SYNs with data get through.
 *
 * A path leads from a local network to a destination's address. Another network may have another box
 * on the way, so nothing learned at home is held against the hotel.
 *
 * @module
 */

import { Recent } from "../../base/recent.ts";
import { badArgument } from "../../base/words.ts";

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

/** A path that lost what Fast Open sent. */
export interface BlockedPath {
  /** How often in a row it was found so; each time doubles the wait for the next probe. */
  readonly times: number;
  /** When the next connection tries Fast Open again, in milliseconds since 1970. */
  readonly until: number;
}

/** What {@linkcode pathMemory} offers. */
export interface PathMemory {
  /** Everything known, the path used longest ago first. At most 1,024 paths are kept. */
  entries(): KnownPath[];
  /**
   * Forgets all paths, or those to one IP address.
   *
   * @throws {OptionError} when `address` is not text
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

/** Weight of a new round-trip time against the old ones, twice that of RFC 6298: samples are few. */
const GAIN = 1 / 4;

/** Milliseconds until a blocked path is probed, the first time and at the latest. */
const FIRST_WAIT = 10_000;
const LONGEST_WAIT = 3_600_000;

/** Milliseconds after which an overdue probe is not worth while: too much has changed since. */
const LONGEST_MEMORY = 24 * 3_600_000;

/** Milliseconds a probe has for itself; connections opened meanwhile stay plain. */
const PROBE_TIME = 10_000;

const paths = new Recent<string, Path>(MOST_PATHS, (path) => setBlocked(path, undefined));

/** The number of blocked paths to an address: all there is to look up on the way to most addresses. */
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

/** Whether any path to `address` is blocked, from whatever network. */
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
 * What to do about Fast Open on a path. `"probe"` is answered to one connection at a time, once the
 * wait is over.
 */
export function adviceFor(address: string, network: string): "use" | "avoid" | "probe" {
  const path = paths.peek(keyOf(address, network));
  if (!path?.blocked) return "use";
  const now = Date.now();
  if (now < path.blocked.until) return "avoid";
  if (now >= path.blocked.until + LONGEST_MEMORY) {
    setBlocked(path, undefined);
    return "use";
  }
  path.blocked = { ...path.blocked, until: now + PROBE_TIME };
  return "probe";
}

/** The path lost a SYN with data. `probed` when that was a probe. */
export function noteBlocked(address: string, network: string, probed: boolean): void {
  const path = pathOf(address, network);
  const before = path.blocked;
  // Connections opened at the same time all find it out; that is one finding.
  if (before && !probed && Date.now() < before.until) return;
  const times = (before?.times ?? 0) + 1;
  const wait = Math.min(FIRST_WAIT * 2 ** (times - 1), LONGEST_WAIT);
  setBlocked(path, { times, until: Date.now() + wait });
}

/** The path carried a SYN with data. */
export function noteOpen(address: string, network: string): void {
  const path = paths.peek(keyOf(address, network));
  if (path?.blocked) setBlocked(path, undefined);
}

/**
 * What this process has learned of the paths its connections took.
 *
 * Where a SYN with data was lost and a plain one got through, later connections start plain: for ten
 * seconds at first, since it may have been chance, then, while probes fail, for twice as long each time,
 * up to an hour. A probe is a
 * connection that tries both ways at once, so it costs nobody any time.
 *
 * ```ts
 * import { pathMemory } from "@firstflight/tls";
 *
 * for (const { address, rtt, blocked } of pathMemory.entries()) {
 *   console.log(address, rtt, blocked ? `plain until ${new Date(blocked.until)}` : "Fast Open");
 * }
 * pathMemory.clear(); // After a change of network that its addresses don't show, perhaps.
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
