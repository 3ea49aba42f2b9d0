/**
 * The runtimes on which programs can be started, from any of them.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { parseChoice } from "./choice.ts";

export type RuntimeName = "deno" | "bun" | "node";

export const runtimeNames: readonly RuntimeName[] = ["deno", "bun", "node"];

const flags: Readonly<Record<RuntimeName, readonly string[]>> = {
  deno: ["run", "-A", "--quiet", "--no-lock"],
  bun: [],
  node: ["--disable-warning=ExperimentalWarning"],
};

/** A command, and its arguments. */
export type CommandLine = readonly [command: string, args: readonly string[]];

/** The command line that runs a program of this project on a runtime, with every permission. */
export function commandFor(
  name: RuntimeName,
  program: URL,
  ...args: readonly string[]
): CommandLine {
  const binary = new URL(`../../node_modules/.bin/${name}`, import.meta.url);
  return [fileURLToPath(binary), [...flags[name], fileURLToPath(program), ...args]];
}

/** The module of the flag, in the sources. */
const REGISTER = new URL("../../register.ts", import.meta.url);

/** The same command line under the flag. */
export function underFlag(
  name: RuntimeName,
  [command, args]: CommandLine,
  module: URL = REGISTER,
): CommandLine {
  const option = `--${name === "node" ? "import" : "preload"}=${fileURLToPath(module)}`;
  return [command, args.toSpliced(flags[name].length, 0, option)];
}

/** The runtimes a user named. */
export function parseRuntimes(text: string): RuntimeName[] {
  return parseChoice(text, "runtime", runtimeNames);
}
