/**
 * The NSS key log, for Wireshark.
 *
 * @module
 */

import { appendFileSync } from "node:fs";
import { runtime } from "../runtimes/mod.ts";

/** Where the lines of a connection go: to the caller, and to the file SSLKEYLOGFILE names. */
export function keyLogOf(
  keyLog: ((line: string) => void) | undefined,
): ((line: string) => void) | undefined {
  const file = runtime.env("SSLKEYLOGFILE");
  if (!file) return keyLog;
  return (line) => {
    keyLog?.(line);
    appendFileSync(file, `${line}\n`, { mode: 0o600 });
  };
}
