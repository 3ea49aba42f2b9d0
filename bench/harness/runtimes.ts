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

/** The same under the flag of `register.ts`. */
export function commandUnderFlag(
  name: RuntimeName,
  program: URL,
  ...args: readonly string[]
): CommandLine {
  const [command, all] = commandFor(name, program, ...args);
  const flag = fileURLToPath(new URL("../../register.ts", import.meta.url));
  const at = flags[name].length;
  const option = `--${name === "node" ? "import" : "preload"}=${flag}`;
  return [command, all.toSpliced(at, 0, option)];
}

/** The runtimes a user named. */
export function parseRuntimes(text: string): RuntimeName[] {
  return parseChoice(text, "runtime", runtimeNames);
}
