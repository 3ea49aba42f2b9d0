/**
 * Which early data a connection may have.
 *
 * @module
 */

import type { TlsSocketOptions } from "../mod.ts";
import type { Flag } from "./flag.ts";
import type { Options } from "./understand.ts";

type EarlyDataOptions = Pick<TlsSocketOptions, "earlyData" | "optimisticSecureConnect">;

/** The options that ask for early data, where the environment allows them. */
export function earlyDataFor(flag: Flag, { host, port }: Options): EarlyDataOptions {
  const { safeEarlyData, dangerousEarlyDataHosts } = flag.switches;
  // Many libraries wait for "secureConnect" before they write.
  if (dangerousEarlyDataHosts.has(String(host ?? "localhost"), Number(port))) {
    return { earlyData: "first-write", optimisticSecureConnect: true };
  }
  if (!safeEarlyData) return {};
  return { earlyData: flag.library.load().safe.http, optimisticSecureConnect: true };
}
