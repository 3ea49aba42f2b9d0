/**
 * Runs the checks, the suite under each runtime, and the project on other platforms.
 *
 *     npm test                   everything
 *     npm test -- deno tls       the files with "tls" in their path, under Deno
 *     npm test -- checks         types, lint, formatting, publishing, examples
 *     npm test -- platforms      arm64, musl, Windows, which otherwise only CI runs; or "platforms musl"
 *
 * Where CI is set a skipped test counts as failed: nobody would notice it there. Where all files run, a test
 * that `tests/requirements.ts` names must be among them, under each runtime.
 *
 * @module
 */

import { globSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { titlesNamed } from "../tests/requirements.ts";
import { runChecks } from "./test/checks.ts";
import { platforms, runPlatforms } from "./test/platforms.ts";
import { report } from "./test/report.ts";
import type { Result } from "./test/result.ts";
import { runners } from "./test/runners.ts";
import { runSuite } from "./test/suite.ts";

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

const parts = [
  "checks",
  ...Object.keys(runners) as (keyof typeof runners)[],
  "platforms",
] as const;
type Part = typeof parts[number];
const isPart = (arg: string) => (parts as readonly string[]).includes(arg);
const args = process.argv.slice(2);
const filters = args.filter((arg) => !isPart(arg));
const wanted = args.filter(isPart);
const matches = (name: string) =>
  filters.length === 0 || filters.some((filter) => name.includes(filter));
const files = globSync("tests/**/*_test.ts").sort().filter(matches);
const scripts = platforms.filter(matches);

/** Whether a part is named, or none is; only the runtimes know files. */
const isWanted = (part: Part) =>
  wanted.length > 0 ? wanted.includes(part) : part in runners || filters.length === 0;

function run(part: Part): Promise<Result> {
  if (part === "checks") return runChecks();
  if (part === "platforms") return runPlatforms(scripts, wanted.includes(part));
  // Of some files alone nothing can be said of what is missing.
  return runSuite(part, files, filters.length === 0 ? titlesNamed : []);
}

if ((wanted.includes("platforms") ? scripts : files).length === 0) {
  console.error(`Nothing has ${filters.join(" or ")} in its name`);
  process.exit(2);
}

const results: Result[] = [];
for (const part of parts.filter(isWanted)) {
  console.log(`${part} …`);
  results.push(await run(part));
}
report(results);
