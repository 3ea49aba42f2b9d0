/**
 * Libraries of others, as a program would load them, and what cannot take a socket of ours.
 *
 * @module
 */

import { createRequire } from "node:module";
import process from "node:process";

/**
 * Bun replaces these packages by its own, which ignore agents and connectors. A path gets the real ones.
 */
const replacedByBun: Readonly<Record<string, string>> = {
  // https://github.com/oven-sh/bun/issues/5686
  "node-fetch": "../../node_modules/node-fetch/src/index.js",
  // https://github.com/oven-sh/bun/issues/21492
  "undici": "../../node_modules/undici/index.js",
  // https://github.com/oven-sh/bun/issues/18050
  "ws": "../../node_modules/ws/index.js",
};

/** A library of `tools/libraries/`, described by what a test uses of it. */
export function library<T>(name: string): T {
  const path = process.versions["bun"] ? replacedByBun[name] ?? name : name;
  return createRequire(import.meta.url)(path) as T;
}

/** What a library exports by default, whether the runtime takes its ES module or the other. */
export function defaultOf<T>(name: string): T {
  const whole = library<{ default?: T }>(name);
  return whole.default ?? whole as T;
}

/** Why a library is not tried, in the runtimes where it is not. */
export const leftOut: Readonly<Record<string, { in: readonly string[]; because: string }>> = {
  "fetch": {
    in: ["deno", "bun"],
    because: "the runtime's own fetch has no option that takes a socket or a dispatcher",
  },
};

/** Why a library is not tried in any runtime. */
export const neverTried: Readonly<Record<string, string>> = {
  ssh2: "it brings its own encryption; TLS is not what it speaks",
};
