/**
 * Options that all sockets share, and Node's names for options that have another name here.
 *
 * @module
 */

import { badArgument, badOption } from "../../base/option_errors.ts";
import {
  boolean,
  calledElsewhere,
  type Check,
  checkOf,
  defaulted,
  integer,
  LONGEST_TIMEOUT,
  optional,
  readOptions,
  type Rules,
} from "../../base/options.ts";
import { type DialOptions, dialRules, type DialSettings, host } from "../options.ts";

/** Options of sockets in Node's shape. Without a `port` the socket waits for `connect()`. */
export interface SocketOptions extends Omit<DialOptions, "hostname" | "port"> {
  /** A host name or an IP address. Default `"localhost"`. */
  hostname?: string;
  /** Node's name for `hostname`. */
  host?: string | null | undefined;
  /** 1 to 65,535, as a number or in digits. */
  port?: number | string | null | undefined;
  /** Lets this end go on writing after the peer has ended. Default `false`, as in Node. */
  allowHalfOpen?: boolean;
  /** Bytes that reading and writing each keep before they ask to wait. Default as Node's streams. */
  highWaterMark?: number;
  /** Milliseconds of silence after which there is a "timeout" event; 0, the default, for never. */
  timeout?: number;
  /**
   * Lets the kernel ask a silent peer whether it is still there. Default `false`. Node and Bun give the peer
   * up after ten seconds; in Deno that is the system's, on Linux eleven minutes.
   */
  keepAlive?: boolean;
  /** Milliseconds of silence before it asks; 0, the default, leaves that to the system. */
  keepAliveInitialDelay?: number;
  /** Sends small pieces at once. Default `true`. */
  noDelay?: boolean;
}

/** {@linkcode SocketOptions} as they were read. */
export interface SocketSettings extends Omit<DialSettings, "hostname" | "port"> {
  readonly hostname: string | undefined;
  readonly port: number | undefined;
  readonly allowHalfOpen: boolean;
  readonly highWaterMark: number | undefined;
  readonly timeout: number | undefined;
  readonly keepAlive: boolean;
  readonly keepAliveInitialDelay: number;
  readonly noDelay: boolean;
}

/** Milliseconds, or 0 for never. */
const duration: Check<number> = checkOf(
  `milliseconds from 0 to ${LONGEST_TIMEOUT}`,
  (value) => typeof value === "number" && value >= 0 && value <= LONGEST_TIMEOUT,
);

/** How {@linkcode SocketOptions} are read. */
export const socketRules: Rules<SocketSettings> = {
  ...dialRules,
  connectTimeout: calledElsewhere(dialRules.connectTimeout), // "timeout" is another option here.
  hostname: optional(host),
  port: optional(integer(1, 65_535)),
  allowHalfOpen: defaulted(boolean, false),
  highWaterMark: optional(integer(0, Number.MAX_SAFE_INTEGER)),
  timeout: optional(duration),
  keepAlive: defaulted(boolean, false),
  keepAliveInitialDelay: defaulted(duration, 0),
  noDelay: defaulted(boolean, true),
};

/** The settings of a socket over a connection that stands. */
export const plainSocketSettings: SocketSettings = readOptions({}, socketRules);

/** What Node's options are called here; `undefined` for those that need not be said here. */
export type NodeNames = Readonly<Record<string, string | undefined>>;

/** Node's names for {@linkcode SocketOptions}. Addresses are always raced, as RFC 8305 has it. */
export const socketNames: NodeNames = {
  host: "hostname",
  autoSelectFamily: undefined,
  autoSelectFamilyAttemptTimeout: undefined,
};

/**
 * Options with the names that they have here. As in Node, `null` stands for a missing one, a port may be
 * a text, and an IPv6 address may be in brackets.
 *
 * @throws {OptionError} when one thing is given by two names, and differently
 */
export function withOwnNames(given: unknown, names: NodeNames): Record<string, unknown> {
  if (typeof given !== "object" || given === null) throw badArgument("options", "an object", given);
  // Without a prototype: an option "__proto__" is an unknown one, and must not become that.
  const options: Record<string, unknown> = Object.create(null);
  const givenAs: Record<string, string> = Object.create(null);
  for (const name in given) {
    const value = (given as Record<string, unknown>)[name];
    const own = Object.hasOwn(names, name) ? names[name] : name;
    if (value === null || value === undefined || own === undefined) continue;
    if (Object.hasOwn(options, own) && options[own] !== value) {
      throw badOption(name, `the same as "${givenAs[own]}", its other name here`, value);
    }
    options[own] = value;
    givenAs[own] = name;
  }
  const { hostname, port } = options;
  if (typeof port === "string" && /^\d{1,5}$/.test(port)) options["port"] = Number(port);
  if (typeof hostname === "string") options["hostname"] = hostname.replace(/^\[(.*)\]$/, "$1");
  return options;
}

/**
 * Where a socket connects to, once that is known: what it was made with goes before `connect()`.
 *
 * @throws {OptionError} when there is no such place, or when `given` has what only a new socket takes
 */
export function destinationOf(
  { hostname, port }: Pick<SocketSettings, "hostname" | "port">,
  given: Readonly<Record<string, unknown>>,
): { readonly hostname: string; readonly port: number } {
  const { hostname: late = "localhost", port: latePort, ...rest } = withOwnNames(
    given,
    socketNames,
  );
  for (const [name, value] of Object.entries(rest)) {
    if (!Object.hasOwn(socketRules, name)) continue;
    throw badOption(
      name,
      "given where the socket is made; connect() takes a port and a host",
      value,
    );
  }
  const found = { hostname: hostname ?? late, port: port ?? latePort };
  for (const name of ["hostname", "port"] as const) {
    const { check } = name === "hostname" ? dialRules.hostname : dialRules.port;
    if (check.read(found[name]) === undefined) {
      throw badOption(name, check.expectation, found[name]);
    }
  }
  return found as { hostname: string; port: number };
}
