/**
 * Runs another TypeScript program on the runtime that this one runs on.
 *
 * @module
 */

import process from "node:process";
import { fileURLToPath } from "node:url";

/**
 * The arguments with which `process.execPath` runs a program with every permission and FFI, and
 * without a warning about either.
 */
export function programArguments(program: URL, ...args: readonly string[]): string[] {
  return [...flags(), fileURLToPath(program), ...args];
}

function flags(): string[] {
  if ("deno" in process.versions) return ["run", "-A", "--quiet", "--no-lock"];
  if ("bun" in process.versions) return [];
  return ["--disable-warning=ExperimentalWarning"];
}
