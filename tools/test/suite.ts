/**
 * Running the suite under one runtime.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import process from "node:process";
import { makeFolder, removeFolder } from "../../tests/peers/folder.ts";
import { command, type Ended } from "./command.ts";
import { parseReport, type TestCase, titleOf } from "./junit.ts";
import type { Result } from "./result.ts";
import { type Runner, runners } from "./runners.ts";

const MINUTE = 60_000;

/** What no runtime may take longer for, so that nothing hangs. */
const SUITE_LIMIT = 10 * MINUTE;

/**
 * Runs the test files under one runtime; prints what is worth reading of its output. Where none of the
 * tests that ran, or were skipped, has a title that `named` has, that counts as a failure.
 */
export async function runSuite(
  name: keyof typeof runners,
  files: readonly string[],
  named: readonly string[],
): Promise<Result> {
  const runner: Runner = runners[name];
  const folder = makeFolder();
  const report = join(folder, "report.xml");
  const started = performance.now();
  const ended = await command(runner.command(files, report), {
    limit: SUITE_LIMIT,
    onLine: (line) => runner.noise.test(line) || console.log(line),
    ...(runner.environment ? { environment: runner.environment(folder) } : {}),
  });
  const seconds = (performance.now() - started) / 1000;
  const cases = withoutGroups(parseReport(readReport(report)));
  removeFolder(folder);
  return { name, ...judge(cases, files, named, ended), seconds };
}

/** The report; empty when the runtime did not live to write it. */
function readReport(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Deno reports a group of tests, or a test with subtests, as a test too. */
function withoutGroups(cases: readonly TestCase[]): TestCase[] {
  const groups = new Set<string>();
  for (const { name } of cases) {
    for (let end = name.indexOf(" > "); end > 0; end = name.indexOf(" > ", end + 1)) {
      groups.add(name.slice(0, end));
    }
  }
  const failedItself = ({ outcome, message = "" }: TestCase) =>
    outcome === "failed" && !/^\d+ test steps? failed/.test(message);
  return cases.filter((each) => !groups.has(each.name) || failedItself(each));
}

/** Counts. A file without a test, or a run that ended badly for no reported reason, has failed. */
function judge(
  cases: readonly TestCase[],
  files: readonly string[],
  named: readonly string[],
  { code, timedOut }: Ended,
): Pick<Result, "passed" | "failed" | "skipped"> {
  const pathOf = ({ file }: TestCase) => file && relative(process.cwd(), resolve(file));
  // Node reports a file as a test of its own when it holds no test or did not end well.
  const tests = cases.filter((each) => each.outcome !== "passed" || each.name !== pathOf(each));
  const failed = tests.filter(({ outcome }) => outcome === "failed").map(({ name }) => name);
  const ran = new Set(tests.map(pathOf));
  for (const file of files) {
    if (!ran.has(file) && isNamedInReports(file)) failed.push(`${file}: no test ran`);
  }
  const titles = new Set(tests.map(titleOf));
  for (const title of named) {
    if (!titles.has(title)) failed.push(`tests/requirements.ts names "${title}": no such test ran`);
  }
  if (timedOut) failed.push(`the run took longer than ${SUITE_LIMIT / MINUTE} minutes`);
  else if (code !== 0 && failed.length === 0) failed.push(`the run ended with status ${code}`);
  return {
    passed: tests.filter(({ outcome }) => outcome === "passed").length,
    failed,
    skipped: tests.filter(({ outcome }) => outcome === "skipped")
      .map(({ name, message }) => ({ name, ...(message ? { reason: message } : {}) })),
  };
}

/** Deno and Node name the file that calls node:test, which for some is one they import. */
function isNamedInReports(file: string): boolean {
  return readFileSync(file, "utf8").includes('from "node:test"');
}
