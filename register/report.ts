/**
 * What the flag says of itself, on stderr.
 *
 * @module
 */

import type { Flag } from "./flag.ts";

/** Says something that whoever set the flag should know. */
export function warn(message: string): void {
  globalThis.process.emitWarning(message, { code: "FIRSTFLIGHT_REGISTER" });
}

/** Says at the end of the process what was done. */
export function reportAtExit(flag: Flag): void {
  globalThis.process.on("exit", () => {
    const lines = Object.entries(flag.account.counts()).map(([line, times]) =>
      `${times} × ${line}`
    );
    const text = lines.length > 0 ? lines.join("\n  ") : "nothing was connected";
    console.error(`firstflight, process ${globalThis.process.pid}:\n  ${text}`);
  });
}
