/**
 * Undoes things at the end of the process, under each runtime's test runner.
 *
 * @module
 */

import process from "node:process";

/**
 * Registers `undo`, which must be synchronous. It is called once when the process ends by itself.
 */
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
