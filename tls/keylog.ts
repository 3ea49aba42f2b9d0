/**
 * The NSS key log, for Wireshark.
 *
 * @module
 */

import { appendFileSync } from "node:fs";
import process from "node:process";
import { runtime } from "../runtimes/mod.ts";

/** The value of SSLKEYLOGFILE. It is read once, as in other programs that support it. */
let named: { readonly file: string | undefined } | undefined;

/** Whether an unwritable file was reported already; each connection writes about five lines. */
let complained = false;

/** Passes a connection's lines to the caller, and to the file that SSLKEYLOGFILE names. */
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
      // A debugging aid must not break the connection.
      if (complained) return;
      complained = true;
      process.emitWarning(`SSLKEYLOGFILE can't be written: ${(error as Error).message}`);
    }
  };
}
