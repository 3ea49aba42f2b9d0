/**
 * Shows on a terminal what a benchmark is doing.
 *
 * @module
 */

import process from "node:process";

/** Replaces what was shown before by `text`. Without `text`, clears the line. */
export function showProgress(text = ""): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
