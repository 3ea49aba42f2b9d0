/**
 * The NSS key log, for Wireshark.
 *
 * @module
 */

import { appendFileSync } from "node:fs";
import process from "node:process";
import { runtime } from "../runtimes/mod.ts";

/** What SSLKEYLOGFILE says; asked once, as every program does that heeds it. */
let named: { readonly file: string | undefined } | undefined;

/** The file can't be written, and that was said; a connection has five lines or so. */
let complained = false;

/** Where the lines of a connection go: to the caller, and to the file SSLKEYLOGFILE names. */
export function keyLogOf(
  keyLog: ((line: string) => void) | undefined,
): ((line: string) => void) | undefined {
  const { file } = named ??= { file: runtime.env("SSLKEYLOGFILE") };
  if (!file) return keyLog;
  if (!runtime.mayAccess(file, "write")) return keyLog;
  return (line) => {
    keyLog?.(line);
    try {
      appendFileSync(file, `${line}\n`, { mode: 0o600 });
    } catch (error) {
      // A debugging aid must not take the connection down with it.
      if (complained) return;
      complained = true;
      process.emitWarning(`SSLKEYLOGFILE can't be written: ${(error as Error).message}`);
    }
  };
}
