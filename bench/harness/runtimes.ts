/**
 * The runtimes that programs are started on, whichever one this is.
 *
 * @module
 */

import process from "node:process";
import { fileURLToPath } from "node:url";

export type RuntimeName = "deno" | "bun" | "node";

export const runtimeNames: readonly RuntimeName[] = ["deno", "bun", "node"];

const flags: Readonly<Record<RuntimeName, readonly string[]>> = {
  deno: ["run", "-A", "--quiet", "--no-lock"],
  bun: [],
  node: ["--disable-warning=ExperimentalWarning"],
};

/** The command line that runs a program of this project on a runtime, with every permission. */
export function commandFor(
  name: RuntimeName,
  program: URL,
  ...args: readonly string[]
): [command: string, args: string[]] {
  const binary = new URL(`../../node_modules/.bin/${name}`, import.meta.url);
  return [fileURLToPath(binary), [...flags[name], fileURLToPath(program), ...args]];
}

/** The runtimes a user named, as in `deno,bun`; ends the process where one does not exist. */
export function parseRuntimes(text: string): RuntimeName[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !runtimeNames.includes(name as RuntimeName));
  if (unknown !== undefined) {
    console.error(`There is no runtime "${unknown}"; there are ${runtimeNames.join(", ")}`);
    process.exit(2);
  }
  return names as RuntimeName[];
}
