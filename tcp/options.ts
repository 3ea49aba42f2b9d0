/**
 * Checks of what callers pass in, so that a slip is named instead of surfacing somewhere in C.
 *
 * @module
 */

import { ConnectError } from "./errors.ts";
import { canonicalHost } from "./hostname.ts";

/** Where to connect to and how long to try; shared by everything that connects. */
export interface DialOptions {
  /** A host name or an IP address; IPv6 without brackets, `%scope` allowed. */
  hostname: string;
  /** 1 to 65,535. */
  port: number;
  /**
   * Send the first flight in the SYN where possible (RFC 7413). Default `true`. A path that loses
   * such SYNs costs two round trips once, and is spared them for a while; see `pathMemory`.
   */
  fastOpen?: boolean;
  /** Gives up when aborted; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds until the connection must stand, name look-up included. Default 30,000. */
  connectTimeout?: number;
}

/** Default of {@linkcode DialOptions.connectTimeout}, milliseconds. */
export const CONNECT_TIMEOUT = 30_000;

/** The largest delay timers take; longer ones would fire at once. */
export const LONGEST_TIMEOUT = 0x7fffffff;

/** Of a list so many are shown, and of each text in it so many characters: it may hold a key. */
const MOST_ITEMS = 8;
const LONGEST_ITEM = 27; // -----BEGIN PRIVATE KEY-----

function showItem(item: unknown): string {
  if (typeof item === "string" && item.length > LONGEST_ITEM) {
    return JSON.stringify(`${item.slice(0, LONGEST_ITEM)}…`);
  }
  return Array.isArray(item) ? "Array" : show(item);
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) {
    const items = value.slice(0, MOST_ITEMS).map(showItem);
    return `[${items.join(", ")}${value.length > MOST_ITEMS ? ", …" : ""}]`;
  }
  if (typeof value === "object" && value !== null) return value.constructor?.name ?? "an object";
  return String(value);
}

/** The message for an option, or an argument, that is not what it must be. */
export function mustBe(
  name: string,
  expectation: string,
  value: unknown,
  kind: "Option" | "Argument" = "Option",
): string {
  return `${kind} "${name}" must be ${expectation}, got ${show(value)}`;
}

/** Throws `INVALID_OPTION` unless `options` can be dialled. */
export function checkDialOptions(options: DialOptions): void {
  const { hostname, port, fastOpen, signal, connectTimeout } = options;
  const refuse = (name: string, expectation: string, value: unknown): never => {
    const details = {
      ...(typeof hostname === "string" ? { hostname } : {}),
      ...(typeof port === "number" ? { port } : {}),
    };
    const host = typeof hostname === "string" ? ` (connecting to ${JSON.stringify(hostname)})` : "";
    throw new ConnectError("INVALID_OPTION", mustBe(name, expectation, value) + host, details);
  };
  if (typeof hostname !== "string" || canonicalHost(hostname) === undefined) {
    refuse("hostname", "a host name or an IP address without brackets", hostname);
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    refuse("port", "an integer from 1 to 65535", port);
  }
  if (fastOpen !== undefined && typeof fastOpen !== "boolean") {
    refuse("fastOpen", "a boolean", fastOpen);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    refuse("signal", "an AbortSignal", signal);
  }
  if (connectTimeout !== undefined) {
    const valid = typeof connectTimeout === "number" && connectTimeout > 0 &&
      connectTimeout <= LONGEST_TIMEOUT;
    if (!valid) {
      refuse("connectTimeout", `milliseconds from 1 to ${LONGEST_TIMEOUT}`, connectTimeout);
    }
  }
}
