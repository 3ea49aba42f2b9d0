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

export { isClusterWorker, listenByPrimary } from "./cluster.ts";
export type * from "./runtime.ts";

/** The first version of each runtime that has all that is needed here, as in package.json. */
const firstVersions = { bun: [1, 4], deno: [2, 9], node: [26, 9] } as const;

const properNames = { bun: "Bun", deno: "Deno", node: "Node" } as const;

/** Deno and Bun report a Node version, too, so Node comes last. */
function pickRuntime(): Runtime {
  const { versions } = process;
  if (versions["deno"] !== undefined) return checkVersion(deno, versions["deno"]);
  if (versions["bun"] !== undefined) return checkVersion(bun, versions["bun"]);
  return checkVersion(node, versions.node);
}

/** An older runtime would fail later, with an error that does not mention its version. */
function checkVersion(runtime: Runtime, version: string): Runtime {
  const [major, minor] = firstVersions[runtime.name];
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map(Number);
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return runtime;
  const name = properNames[runtime.name];
  throw Object.assign(
    new Error(
      `firstflight needs ${name} ${major}.${minor} or later, and this is ${name} ${version}`,
    ),
    { code: "RUNTIME_TOO_OLD" },
  );
}

/** The runtime of this process. Importing this module throws if the runtime is too old. */
export const runtime: Runtime = pickRuntime();
