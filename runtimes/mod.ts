/**
 * Picks the runtime, once. Nobody else asks which one this is.
 *
 * @module
 */

import process from "node:process";
import type { Runtime } from "./runtime.ts";

export type * from "./runtime.ts";

async function load(): Promise<Runtime> {
  if ("deno" in process.versions) return (await import("./deno.ts")).runtime;
  if ("bun" in process.versions) return (await import("./bun.ts")).runtime;
  return (await import("./node.ts")).runtime;
}

/** The runtime this process runs on. */
export const runtime: Runtime = await load();
