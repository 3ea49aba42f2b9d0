/**
 * From a host name to a connection that stands: permission, look-up, and the walk over the addresses
 * with one and the same first flight.
 *
 * @module
 */

import { runtime } from "../runtimes/mod.ts";
import { type Address, formatAddress, parseAddress } from "./address.ts";
import { attempt, AttemptError, type AttemptOptions, type Link } from "./attempt.ts";
import { type AttemptFailure, ConnectError, describe, listOf } from "./errors.ts";
import { canonicalHost } from "./hostname.ts";
import { abortable, type Deadline, TimeUp } from "./deadline.ts";
import { lookup } from "./lookup.ts";
import type { DialOptions } from "./options.ts";

/** A {@linkcode Link} and when its parts happened. */
export interface Dialed {
  readonly link: Link;
  /** `performance.now()` when dialling began. */
  readonly startedAt: number;
  /** Milliseconds the look-up took. */
  readonly lookup: number;
}

/**
 * Dials. The first flight is asked for after the look-up, when nothing but the network is left to
 * wait for.
 *
 * @throws {ConnectError} when no address could be connected to
 */
export async function dial(
  { hostname, port, fastOpen = true }: DialOptions,
  { signal, remaining }: Deadline,
  firstFlight: () => readonly Uint8Array[],
  until: AttemptOptions["until"],
): Promise<Dialed> {
  const startedAt = performance.now();
  const host = canonicalHost(hostname) ?? hostname;
  const denied = runtime.deniedNet(host, port);
  if (denied !== undefined) throw notPermitted(hostname, port, denied);
  const literal = parseAddress(host, port);
  const found = literal ? [literal] : await abortable(lookup(host, port), signal);
  const addresses = found.filter(({ ip }) => !runtime.forbidsAddress(ip, port));
  if (addresses.length < found.length && addresses.length === 0) {
    throw notPermitted(hostname, port, `${found.map(formatAddress).join(", ")} is denied`);
  }
  const lookupTime = performance.now() - startedAt;
  const failures: AttemptFailure[] = [];
  const options = { flight: firstFlight(), fastOpen, until, signal };
  let link: Link | undefined;
  try {
    link = await walk(addresses, options, remaining, failures);
  } catch (error) {
    if (error instanceof TimeUp) error.attempts = failures;
    throw error;
  }
  if (!link) throw connectError(hostname, port, failures);
  return { link, startedAt, lookup: lookupTime };
}

/** Tries one address after the other; a dead one gets its share of the time and no more. */
async function walk(
  addresses: readonly Address[],
  options: Omit<AttemptOptions, "timeout">,
  remaining: () => number,
  failures: AttemptFailure[],
): Promise<Link | undefined> {
  for (const [index, address] of addresses.entries()) {
    const last = index === addresses.length - 1;
    const timeout = last ? Infinity : remaining() / (addresses.length - index);
    try {
      return await attempt(address, { ...options, timeout: Math.min(timeout, 0x7fffffff) });
    } catch (error) {
      if (error instanceof TimeUp) failures.push(timedOut(address));
      if (!(error instanceof AttemptError)) throw error;
      failures.push(error.failure);
    }
  }
  return undefined;
}

function timedOut(address: Address): AttemptFailure {
  return { address: formatAddress(address), code: "TIMED_OUT" };
}

function notPermitted(hostname: string, port: number, why: string): ConnectError {
  return new ConnectError(
    "PERMISSION_DENIED",
    `Could not connect to "${hostname}:${port}": network access is not permitted; ${why}`,
    { hostname, port },
  );
}

function connectError(
  hostname: string,
  port: number,
  attempts: readonly AttemptFailure[],
): ConnectError {
  const last = attempts.at(-1);
  if (!last) {
    return new ConnectError(
      "NAME_NOT_FOUND",
      `Could not connect to "${hostname}:${port}": the name has no address`,
      { hostname, port },
    );
  }
  const why = attempts.length === 1 ? `: ${describe(last)}` : listOf(attempts);
  return new ConnectError(last.code, `Could not connect to "${hostname}:${port}"${why}`, {
    hostname,
    port,
    attempts,
    ...(last.errno ? { errno: last.errno } : {}),
  });
}
