/**
 * Runs client programs and collects their output.
 *
 * @module
 */

import type { ChildProcess, SpawnOptions } from "node:child_process";
import process from "node:process";
import type { Spawn } from "./nginx.ts";

/** Runs a program to its end and returns what it printed. */
export async function run(
  spawn: Spawn,
  [command, args]: readonly [string, readonly string[]],
  options: SpawnOptions = {},
): Promise<string> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  try {
    return await outputOf(child);
  } finally {
    process.off("exit", end);
  }
}

function outputOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let stdout = "", stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => stdout += text);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => stderr += text);
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`A client ended with ${signal ?? code}: ${stderr.trim()}`));
    });
  });
}

/** Makes a signal end the process by `process.exit`, so that "exit" listeners run. */
export function exitOnSignals(): void {
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
}
