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
import { lookup, type LookupRequest } from "./lookup.ts";
import { type Link, race, RaceLost, type RaceOptions } from "./race.ts";
import type { Stages } from "./stages.ts";
import { type AttemptFailure, ConnectError, describe, listOf } from "../errors.ts";
import { formatAddress, parseAddress } from "../name/address.ts";
import { canonicalHost } from "../name/hostname.ts";
import { scopeAdvice } from "../name/scope.ts";
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
  settings: DialSettings & Kept,
  deadline: Deadline,
  firstFlight: (room: () => number) => FirstFlight | Promise<FirstFlight>,
  until: RaceOptions["until"],
  stages: Stages = {},
): Promise<Dialed> {
  const startedAt = performance.now();
  const { hostname, port, fastOpen, localAddress: from, lookup: resolver } = settings;
  const { signal } = deadline;
  const host = canonicalHost(hostname) ?? hostname;
  requirePermission(settings, host);
  const literal = parseAddress(host, port);
  deadline.stage = "the name was still being looked up";
  const family = settings.family === 0 ? from?.family ?? 0 : settings.family;
  const asked: LookupRequest = { hostname: host, port, family, resolver };
  const found = literal ? [literal] : await rejectOnAbort(lookup(asked), signal);
  const addresses = found.filter(({ ip }) => !runtime.forbidsAddress(ip, port));
  if (addresses.length === 0) {
    throw notPermitted(settings, `${found.map(formatAddress).join(", ")} is denied`);
  }
  if (!literal) queueMicrotask(() => stages.lookedUp?.(addresses));
  deadline.stage = "no answer had come";
  const lookupTime = performance.now() - startedAt;
  try {
    const made = firstFlight(() => Math.min(...addresses.map((to) => synRoom(to, from))));
    const flight = made instanceof Promise ? await rejectOnAbort(made, signal) : made;
    const { keep } = settings;
    const link = await race(addresses, { from, flight, fastOpen, until, signal, keep });
    queueMicrotask(() => stages.connected?.(link)); // It runs before the caller goes on.
    deadline.stage = undefined; // The caller does the rest.
    return { link, startedAt, lookup: lookupTime };
  } catch (error) {
    const last = error instanceof RaceLost ? error.attempts.at(-1) : undefined;
    throw last ? connectError(settings, last, error as RaceLost) : error;
  }
}

/** Asks for the host before it is looked up, and for the local address as Deno's own sockets do. */
function requirePermission(settings: DialSettings, host: string): void {
  const { port, localAddress: from } = settings;
  const denied = runtime.deniedNet(host, port) ??
    (from && runtime.deniedNet(formatAddress(from), from.port));
  if (denied !== undefined) throw notPermitted(settings, denied);
}

function notPermitted({ hostname, port }: DialSettings, why: string): ConnectError {
  return new ConnectError(
    "PERMISSION_DENIED",
    `Could not connect to ${quoted({ hostname, port })}: network access is not permitted; ${why}`,
    { hostname, port },
  );
}

function connectError(
  settings: DialSettings,
  last: AttemptFailure,
  { attempts, cause }: RaceLost,
): ConnectError {
  const { hostname, port, localAddress } = settings;
  const where = quoted({ hostname, port });
  // A refusal without an errno is the runtime's, which may want permission for the address.
  const denied = last.code === "PERMISSION_DENIED" && last.errno === undefined
    ? runtime.deniedNet(last.address, port)
    : undefined;
  if (denied !== undefined) return notPermitted(settings, denied);
  const why = attempts.length === 1 ? `: ${describe(last)}` : listOf(attempts);
  const by = localAddress ? ` with "localAddress" ${formatAddress(localAddress)}` : "";
  const advice = localAddress && last.code === "ADDRESS_NOT_AVAILABLE"
    ? scopeAdvice(formatAddress(localAddress), last.errno)
    : "";
  return new ConnectError(last.code, `Could not connect to ${where}${by}${why}${advice}`, {
    hostname,
    port,
    attempts,
    ...(last.errno ? { errno: last.errno } : {}),
    ...(cause === undefined ? {} : { cause }),
  });
}
