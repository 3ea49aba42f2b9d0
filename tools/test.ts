/**
 * Runs the checks, then the suite under each runtime.
 *
 *     npm test                   everything
 *     npm test -- deno tls       the files with "tls" in their path, under Deno
 *     npm test -- checks         types, lint, formatting, publishing, examples
 *
 * Where CI is set a skipped test counts as failed: nobody would notice it there.
 *
 * @module
 */

import { globSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runChecks } from "./test/checks.ts";
import { report } from "./test/report.ts";
import type { Result } from "./test/result.ts";
import { runners } from "./test/runners.ts";
import { runSuite } from "./test/suite.ts";

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

const parts = ["checks", ...Object.keys(runners) as (keyof typeof runners)[]] as const;
type Part = typeof parts[number];
const isPart = (arg: string) => (parts as readonly string[]).includes(arg);
const args = process.argv.slice(2);
const filters = args.filter((arg) => !isPart(arg));
const wanted = args.filter(isPart);
const files = globSync("tests/**/*_test.ts").sort()
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
if (files.length === 0) {
  console.error(`No test file has ${filters.join(" or ")} in its path`);
  process.exit(2);
}

/** Whether a part is named, or none is; the checks know no files. */
const isWanted = (part: Part) =>
  wanted.length > 0 ? wanted.includes(part) : part !== "checks" || filters.length === 0;

const results: Result[] = [];
for (const part of parts.filter(isWanted)) {
  console.log(`${part} …`);
  results.push(part === "checks" ? await runChecks() : await runSuite(part, files));
}
report(results);
