/**
 * What is checked without running the suite. Each check counts as one test.
 *
 * @module
 */

import { globSync } from "node:fs";
import process from "node:process";
import { command } from "./command.ts";
import { testExamples } from "./examples.ts";
import { inLanes } from "./lanes.ts";
import type { Result } from "./result.ts";

/** Milliseconds for one check. */
const CHECK_LIMIT = 3 * 60_000;

/** Commands by name. Two lists run side by side, what is in a list one after another. */
type Checks = Readonly<Record<string, readonly string[]>>;

const sources: Checks = {
  "types, as tsc sees them": ["tsc"],
  "types, as Deno sees them": ["deno", "check", "--quiet"],
  "lint": ["deno", "lint", "--quiet"],
  "formatting": ["deno", "fmt", "--check"],
  "publishing to JSR": ["deno", "publish", "--dry-run", "--allow-dirty", "--quiet"],
  "documentation of all that is exported": [
    ...["deno", "doc", "--lint", "--quiet", "mod.ts", "register.ts"],
    ...globSync("adapters/*.ts"),
  ],
};

const others: Checks = {
  "publishing to npm": ["node", "--no-warnings", "tools/package.ts"],
  "examples in the documentation": testExamples,
  // The compiler for all platforms is there for this one. What the first has fetched the second uses.
  ...(process.platform === "linux" && process.arch === "x64"
    ? {
      "what ffi/ declares of C": ["node", "--no-warnings", "tools/abi.ts"],
      "mistakes in what ffi/ declares": ["node", "--no-warnings", "tools/abi.ts", "--mutate"],
    }
    : {}),
};

/** Runs the checks; prints what a failing one has to say. */
export async function runChecks(): Promise<Result> {
  const started = performance.now();
  const failed: string[] = [];
  const lanes = [sources, others].map((lane) => Object.entries(lane));
  await inLanes(lanes, async ([name, program]) => {
    const output: string[] = [];
    const { code } = await command(program, {
      limit: CHECK_LIMIT,
      onLine: (line) => output.push(line),
    });
    if (code === 0) return;
    failed.push(name);
    console.log(output.join("\n"));
  });
  const passed = lanes.flat().length - failed.length;
  const seconds = (performance.now() - started) / 1000;
  return { name: "checks", passed, failed, skipped: [], seconds };
}
