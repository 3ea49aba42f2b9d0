/**
 * The runtime's own modules, as objects whose members can be replaced.
 *
 * They are not imported: in Bun what has once been imported from `node:tls` by name stays as it was, and the
 * flag has to be the first. So nothing in this folder may import a `node:` module by value.
 *
 * @module
 */

import { runtimeIn, type RuntimeName } from "../runtimes/versions.ts";

interface Builtins {
  readonly crypto: typeof import("node:crypto");
  readonly diagnostics_channel: typeof import("node:diagnostics_channel");
  readonly fs: typeof import("node:fs");
  readonly module: typeof import("node:module");
  readonly net: typeof import("node:net");
  readonly tls: typeof import("node:tls");
}

/** Which runtime this is. */
export const runtimeName: RuntimeName = runtimeIn(globalThis.process.versions);

/** Taken before it is watched for who else uses it. */
const { getBuiltinModule } = globalThis.process;

/** A module of the runtime. */
export function builtin<N extends keyof Builtins>(name: N): Builtins[N] {
  return Reflect.apply(getBuiltinModule, globalThis.process, [`node:${name}`]) as Builtins[N];
}
