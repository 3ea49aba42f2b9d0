/**
 * The runtimes' versions. Imports nothing, so that whoever has to be there first can ask.
 *
 * @module
 */

/** The name of a runtime. */
export type RuntimeName = "bun" | "deno" | "node";

/** What `process.versions` tells. */
type Versions = Readonly<Record<string, string | undefined>>;

/** The first version of each runtime that has all that is needed here, as in package.json. */
export const firstVersions: Readonly<Record<RuntimeName, readonly [number, number]>> = {
  bun: [1, 4],
  deno: [2, 9],
  node: [26, 9],
};

const properNames = { bun: "Bun", deno: "Deno", node: "Node" } as const;

/** Which runtime this is. Deno and Bun report a version of Node, too. */
export function runtimeIn(versions: Versions): RuntimeName {
  if (versions["deno"] !== undefined) return "deno";
  return versions["bun"] === undefined ? "node" : "bun";
}

/** Whether `version` is at least `least`. */
export function isAtLeast(version: string, least: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > least[0] || (major === least[0] && minor >= least[1]);
}

/** Says in words that a runtime is too old; `undefined` where it is not. */
export function whyTooOld(versions: Versions): string | undefined {
  const runtime = runtimeIn(versions);
  const version = versions[runtime] ?? "";
  const least = firstVersions[runtime];
  if (isAtLeast(version, least)) return undefined;
  const name = properNames[runtime];
  return `firstflight needs ${name} ${least.join(".")} or later, and this is ${name} ${version}`;
}
