/**
 * From a host name to an established connection: permission, look-up, and the race of the name's
 * addresses with one and the same first flight.
 *
 * @module
 */

import { quoted } from "../../base/authority.ts";
import { runtime } from "../../runtimes/mod.ts";
import { type Deadline, rejectOnAbort } from "./deadline.ts";
import type { FirstFlight } from "./first_flight.ts";
import type { Kept } from "../wire/keep.ts";
import { lookup } from "./lookup.ts";
import { type Link, race, RaceLost, type RaceOptions } from "./race.ts";
import type { Stages } from "./stages.ts";
import { ConnectError, describe, listOf } from "../errors.ts";
import { formatAddress, parseAddress } from "../name/address.ts";
import { canonicalHost } from "../name/hostname.ts";
import type { DialSettings } from "../options.ts";
import { synRoom } from "../paths/syn_room.ts";

/** A {@linkcode Link}, and how long the look-up for it took. */
export interface Dialed {
  readonly link: Link;
  /** `performance.now()` when dialling began. */
  readonly startedAt: number;
  /** Milliseconds the look-up took. */
  readonly lookup: number;
}

/**
 * Dials. Calls `firstFlight` after the look-up, when only the network is left to wait for; `room`
 * tells how many bytes of the flight a SYN can carry.
 *
 * @throws {ConnectError} when no address could be connected to
 */
export async function dial(
  { hostname, port, fastOpen, keep }: DialSettings & Kept,
  deadline: Deadline,
  firstFlight: (room: () => number) => FirstFlight | Promise<FirstFlight>,
  until: RaceOptions["until"],
  stages: Stages = {},
): Promise<Dialed> {
  const startedAt = performance.now();
  const { signal } = deadline;
  const host = canonicalHost(hostname) ?? hostname;
  const denied = runtime.deniedNet(host, port);
  if (denied !== undefined) throw notPermitted(hostname, port, denied);
  const literal = parseAddress(host, port);
  deadline.stage = "the name was still being looked up";
  const found = literal ? [literal] : await rejectOnAbort(lookup(host, port), signal);
  const addresses = found.filter(({ ip }) => !runtime.forbidsAddress(ip, port));
  if (addresses.length < found.length && addresses.length === 0) {
    throw notPermitted(hostname, port, `${found.map(formatAddress).join(", ")} is denied`);
  }
  if (!literal) queueMicrotask(() => stages.lookedUp?.(addresses));
  deadline.stage = "no answer had come";
  const lookupTime = performance.now() - startedAt;
  try {
    const made = firstFlight(() => Math.min(...addresses.map(synRoom)));
    const flight = made instanceof Promise ? await rejectOnAbort(made, signal) : made;
    const link = await race(addresses, { flight, fastOpen, until, signal, keep });
    queueMicrotask(() => stages.connected?.(link)); // It runs before the caller goes on.
    deadline.stage = undefined; // The caller does the rest.
    return { link, startedAt, lookup: lookupTime };
  } catch (error) {
    if (error instanceof RaceLost) throw connectError(hostname, port, error);
    throw error;
  }
}

function notPermitted(hostname: string, port: number, why: string): ConnectError {
  return new ConnectError(
    "PERMISSION_DENIED",
    `Could not connect to ${quoted({ hostname, port })}: network access is not permitted; ${why}`,
    { hostname, port },
  );
}

function connectError(
  hostname: string,
  port: number,
  { attempts, cause }: RaceLost,
): ConnectError {
  const where = quoted({ hostname, port });
  const last = attempts.at(-1);
  if (!last) {
    return new ConnectError(
      "NAME_NOT_FOUND",
      `Could not connect to ${where}: the name has no address`,
      { hostname, port },
    );
  }
  // A refusal without an errno is the runtime's, which may want permission for the address.
  const denied = last.code === "PERMISSION_DENIED" && last.errno === undefined
    ? runtime.deniedNet(last.address, port)
    : undefined;
  if (denied !== undefined) return notPermitted(hostname, port, denied);
  const why = attempts.length === 1 ? `: ${describe(last)}` : listOf(attempts);
  return new ConnectError(last.code, `Could not connect to ${where}${why}`, {
    hostname,
    port,
    attempts,
    ...(last.errno ? { errno: last.errno } : {}),
    ...(cause === undefined ? {} : { cause }),
  });
}
