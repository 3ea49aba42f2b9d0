/**
 * Undoing things when the process is over, under each runtime's test runner.
 *
 * @module
 */

import process from "node:process";

/** Has `undo`, which must be synchronous, called once when the process ends by itself. */
export function atExit(undo: () => void): void {
  let done = false;
  const once = () => {
    if (!done) undo();
    done = true;
  };
  process.on("exit", once);
  // Deno's test runner emits no "exit".
  const { addEventListener } = globalThis as {
    addEventListener?: typeof globalThis.addEventListener;
  };
  addEventListener?.("unload", once);
}
