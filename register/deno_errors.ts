/**
 * A connection whose errors are of Deno's classes.
 *
 * @module
 */

import type { TlsConn } from "../mod.ts";

/** `Deno.errors`. */
export type DenoErrors = Readonly<
  Record<string, new (message: string, options?: ErrorOptions) => Error>
>;

/** By the library's codes; any other is a `ConnectionAborted`. */
const CLASSES: Readonly<Record<string, string>> = {
  CONNECTION_CLOSED: "BadResource",
  CONNECTION_RESET: "ConnectionReset",
  IN_USE: "Busy",
  PROTOCOL_ERROR: "InvalidData",
  TIMED_OUT: "TimedOut",
  TRUNCATED: "UnexpectedEof",
};

/** What fails with such an error. */
const FALLIBLE: ReadonlySet<string | symbol> = new Set([
  "read",
  "write",
  "closeWrite",
  "handshake",
]);

/** The connection with Deno's errors, which have the library's as their `cause`. */
export function withDenoErrors(conn: TlsConn, errors: DenoErrors): TlsConn {
  return new Proxy(conn, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (!FALLIBLE.has(name)) return value.bind(target);
      return async (...args: unknown[]) => {
        try {
          return await Reflect.apply(value, target, args);
        } catch (error) {
          throw denoErrorOf(error, errors);
        }
      };
    },
  });
}

function denoErrorOf(error: unknown, errors: DenoErrors): unknown {
  const { code, message } = error as { code?: string; message: string };
  if (code === undefined) return error;
  const name = Object.hasOwn(CLASSES, code) ? CLASSES[code] : undefined;
  const DenoError = errors[name ?? "ConnectionAborted"];
  return DenoError ? new DenoError(message, { cause: error }) : error;
}
