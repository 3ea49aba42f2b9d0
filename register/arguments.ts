/**
 * The arguments of `net.connect` and `tls.connect`, which may be given in three ways.
 *
 * @module
 */

import type { Options } from "./understand.ts";

/** What a call asks for. */
export interface Asked {
  readonly options: Options;
  /** Called once there is the connection. */
  readonly listener: ((...args: unknown[]) => void) | undefined;
}

/** Reads `(options)`, `(port, host?, options?)` or `(path, options?)`, each with a listener behind. */
export function readArguments(args: readonly unknown[]): Asked {
  const last = args.findLast((each) => each !== undefined);
  const listener = typeof last === "function" ? last as Asked["listener"] : undefined;
  const [first, second] = args;
  if (typeof first === "object" && first !== null) return { options: first as Options, listener };
  const further = args.slice(1, 3).find((each) => typeof each === "object" && each !== null);
  const where = isPath(first) ? { path: first } : {
    port: first,
    ...(typeof second === "string" ? { host: second } : {}),
  };
  return { options: { ...where, ...further as Options | undefined }, listener };
}

function isPath(value: unknown): boolean {
  return typeof value === "string" && !(Number(value) >= 0);
}
