/**
 * Picks the runtime, once. No other module detects it; some read `runtime.name`.
 *
 * @module
 */

import process from "node:process";
import { runtime as bun } from "./bun.ts";
import { runtime as deno } from "./deno.ts";
import { runtime as node } from "./node.ts";
import type { Runtime } from "./runtime.ts";
import { runtimeIn, whyTooOld } from "./versions.ts";

export { isClusterWorker, listenByPrimary } from "./cluster.ts";
export type * from "./runtime.ts";

/** An older runtime would fail later, with an error that does not mention its version. */
function pickRuntime(): Runtime {
  const tooOld = whyTooOld(process.versions);
  if (tooOld) throw Object.assign(new Error(tooOld), { code: "RUNTIME_TOO_OLD" });
  return { bun, deno, node }[runtimeIn(process.versions)];
}

/** The runtime of this process. Importing this module throws if the runtime is too old. */
export const runtime: Runtime = pickRuntime();
