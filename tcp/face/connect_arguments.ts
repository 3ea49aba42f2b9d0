/**
 * The arguments of `socket.connect()`, of which Node takes several forms.
 *
 * @module
 */

import { badArgument } from "../../base/option_errors.ts";

/** Where to connect to, and who wants to hear that it is done. */
export interface ConnectArguments {
  /** `{ port, host }`, or what else a caller has put into the object. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly listener: (() => void) | undefined;
}

/**
 * Reads `(port, host?, listener?)` or `(options, listener?)`.
 *
 * @throws {OptionError} for anything else, such as the path of a Unix socket
 */
export function readConnectArguments(given: readonly unknown[]): ConnectArguments {
  const [first, second] = given;
  const last = given.at(-1);
  const listener = typeof last === "function" ? last as () => void : undefined;
  if (typeof first === "object" && first !== null) return { options: { ...first }, listener };
  // Node takes a text that is no number for the path of a Unix socket.
  if (typeof first === "number" || (typeof first === "string" && /^\d+$/.test(first))) {
    const host = typeof second === "string" ? { host: second } : {};
    return { options: { port: first, ...host }, listener };
  }
  throw badArgument("port", "a port, or an object with a port", first);
}
