/**
 * Runs programs and test files under the flag, on the runtime that runs the test.
 *
 * @module
 */

import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type ChildOptions, type Ended, runChild, runtimeName } from "../fixtures/hostile_child.ts";

/** The module of the flag. */
export const FLAG = fileURLToPath(new URL("../../register.ts", import.meta.url));

/** The arguments that set the flag. */
export function flagsFor(module: string = FLAG): string[] {
  return [runtimeName === "node" ? `--import=${module}` : `--preload=${module}`];
}

/** The arguments that give every permission. */
export const everyPermission: readonly string[] = runtimeName === "deno" ? ["-A"] : [];

/** Runs a program under the flag; `flags` are given besides, by default every permission. */
export function runFlagged(
  program: URL,
  args: readonly string[] = [],
  options: ChildOptions = {},
): Promise<Ended> {
  const more = options.flags ?? everyPermission;
  return runChild(program, args, { ...options, flags: [...flagsFor(), ...more] });
}

const testCommands: Readonly<Record<typeof runtimeName, (title: string) => string[]>> = {
  deno: (title) => ["test", "-A", "--no-check", "--no-lock", ...flagsFor(), "--filter", title],
  bun: (title) => ["test", "--timeout=60000", ...flagsFor(), "-t", title],
  node: (title) => [
    ...["--disable-warning=ExperimentalWarning", ...flagsFor()],
    ...["--test", "--test-isolation=none", `--test-name-pattern=${title}`],
  ],
};

/** Runs the tests whose titles have `title` in them, under the flag, by the runtime's own way to run tests. */
export async function runTestsFlagged(
  files: readonly string[],
  title: string,
  { env, through = [] }: Pick<ChildOptions, "env" | "through">,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const [command = "", ...args] = [
    ...[...through, process.execPath],
    ...testCommands[runtimeName](title),
    ...files,
  ];
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", ...env },
    timeout: 50_000,
    killSignal: "SIGKILL",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output += text);
  }
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", reject).once("close", resolve);
  return { code: await promise, output };
}
