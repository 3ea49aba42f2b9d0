/**
 * Options of all functions that connect.
 *
 * @module
 */

import type { OptionErrorDetails } from "../base/errors.ts";
import { badOption } from "../base/option_errors.ts";
import {
  boolean,
  callback,
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
import { type Address, formatAddress, parseAddress } from "./name/address.ts";
import { canonicalHost } from "./name/hostname.ts";
import type { LookupFunction } from "./name/resolver.ts";
import { lacksScope } from "./name/scope.ts";

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
  /**
   * Which addresses of the host to try: 4, 6, or 0 for both, which is the default. `"IPv4"` and
   * `"IPv6"` are the same as 4 and 6. An address as `hostname` must be of that family.
   */
  family?: 0 | 4 | 6 | "IPv4" | "IPv6";
  /**
   * An IP address of this machine to connect from, with `%scope` if it is a link-local one. Only
   * addresses of its family are tried. By default the kernel picks one. Deno wants `--allow-net` for
   * it, too.
   */
  localAddress?: string;
  /**
   * Takes the place of the runtime's resolver. It gets the host's name in lower case and A-labels, and
   * is not asked where the host is an IP address. The first answer counts.
   */
  lookup?: LookupFunction;
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
  readonly family: 0 | 4 | 6;
  /** With port 0. */
  readonly localAddress: Address | undefined;
  readonly lookup: LookupFunction | undefined;
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

/** A version of IP, or 0 for both. */
export const ipFamily: Check<0 | 4 | 6> = {
  expectation: '0, 4, 6, "IPv4" or "IPv6"',
  read(value) {
    if (value === 4 || value === "IPv4") return 4;
    if (value === 6 || value === "IPv6") return 6;
    return value === 0 ? value : undefined;
  },
};

const ownAddress: Check<Address> = {
  expectation:
    "an IP address of this machine; a link-local one with its interface, as in fe80::1%eth0",
  read(value) {
    if (typeof value !== "string" || lacksScope(value)) return undefined;
    const address = parseAddress(value, 0);
    return address && Object.freeze(address);
  },
};

/** How {@linkcode DialOptions} are read. */
export const dialRules: Rules<DialSettings> = {
  hostname: calledElsewhere(required(host), "host"),
  port: required(integer(1, 65_535)),
  transport: defaulted(oneOf("tcp"), "tcp"),
  fastOpen: defaulted(boolean, true),
  family: calledElsewhere(defaulted(ipFamily, 0), "ipVersion", "dnsLookupIpVersion"),
  localAddress: calledElsewhere(optional(ownAddress), "bindAddress", "sourceAddress", "interface"),
  lookup: calledElsewhere(optional(callback<LookupFunction>()), "dnsLookup", "resolver"),
  ...patienceRules,
};

/**
 * Checks options against each other.
 *
 * @throws {OptionError} when one of them leaves nothing to connect to, or nothing to connect from
 */
export function checkDialSettings({ hostname, port, family, localAddress }: DialSettings): void {
  const details = { hostname, port };
  const literal = parseAddress(canonicalHost(hostname) ?? hostname, port);
  if (literal && family !== 0 && family !== literal.family) {
    const expectation = `${literal.family} or 0, since "hostname" is an address of that family`;
    throw badOption("family", expectation, family, details);
  }
  const wanted = literal?.family ?? family;
  if (localAddress && wanted !== 0 && wanted !== localAddress.family) {
    const expectation = `an IPv${wanted} address, as ${
      literal ? '"hostname" is' : '"family" says'
    }`;
    throw badOption("localAddress", expectation, formatAddress(localAddress), details);
  }
}

/** Finds the destination among the options, for an error about one of them. */
export function destinationIn(
  { hostname, port }: Partial<Record<string, unknown>>,
): OptionErrorDetails {
  return {
    ...(typeof hostname === "string" ? { hostname } : {}),
    ...(typeof port === "number" ? { port } : {}),
  };
}
