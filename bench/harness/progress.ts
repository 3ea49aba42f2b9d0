/**
 * What a benchmark is at, for whoever watches it.
 *
 * @module
 */

import process from "node:process";

/** Puts `text` in place of what was shown before; nothing, in the end. */
export function showProgress(text = ""): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
