/**
 * Options of all functions that connect.
 *
 * @module
 */

import type { OptionErrorDetails } from "../base/errors.ts";
import {
  boolean,
  calledElsewhere,
  type Check,
  checkOf,
  defaulted,
  integer,
  milliseconds,
  oneOf,
  optional,
  required,
  type Rules,
} from "../base/options.ts";
import { canonicalHost } from "./name/hostname.ts";

/** Where to connect to and how long to try; shared by all functions that connect. */
export interface DialOptions {
  /** A host name or an IP address; IPv6 without brackets, `%scope` allowed. */
  hostname: string;
  /** 1 to 65,535. */
  port: number;
  /** Always `"tcp"`; allowed so that an address such as `listener.addr` can be spread here. */
  transport?: "tcp";
  /**
   * Send the first flight in the SYN where possible (RFC 7413). Default `true`. A path that loses
   * such SYNs costs two round trips once. Connections over it then start without Fast Open for a
   * while; see `pathMemory` and
   * `serverMemory`.
   */
  fastOpen?: boolean;
  /** Aborting it ends the call; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds for the name look-up, the connection and any TLS handshake. Default 30,000. */
  connectTimeout?: number;
}

/** Where to connect to, and how long that may take. */
export interface Destination {
  readonly hostname: string;
  readonly port: number;
  readonly signal: AbortSignal | undefined;
  readonly connectTimeout: number;
}

/** {@linkcode DialOptions} as they were read. */
export interface DialSettings extends Destination {
  readonly transport: "tcp";
  readonly fastOpen: boolean;
}

/** A host name or an IP address. */
export const host: Check<string> = checkOf(
  "a host name or an IP address without brackets",
  (value) => typeof value === "string" && canonicalHost(value) !== undefined,
);

/** How the options that can end a call early are read. */
export const patienceRules: Rules<Pick<Destination, "signal" | "connectTimeout">> = {
  signal: optional(checkOf("an AbortSignal", (value) => value instanceof AbortSignal)),
  connectTimeout: calledElsewhere(defaulted(milliseconds, 30_000), "timeout"),
};

/** How {@linkcode DialOptions} are read. */
export const dialRules: Rules<DialSettings> = {
  hostname: calledElsewhere(required(host), "host"),
  port: required(integer(1, 65_535)),
  transport: defaulted(oneOf("tcp"), "tcp"),
  fastOpen: defaulted(boolean, true),
  ...patienceRules,
};

/** Finds the destination among the options, for an error about one of them. */
export function destinationIn(
  { hostname, port }: Partial<Record<string, unknown>>,
): OptionErrorDetails {
  return {
    ...(typeof hostname === "string" ? { hostname } : {}),
    ...(typeof port === "number" ? { port } : {}),
  };
}
