/**
 * Running the suite under one runtime.
 *
 * @module
 */

import { mkdtempSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import process from "node:process";
import { makeFolder, removeFolder } from "../../tests/peers/folder.ts";
import { command, type Ended } from "./command.ts";
import { parseReport, type TestCase, titleOf } from "./junit.ts";
import type { Result } from "./result.ts";
import { type Runner, runners } from "./runners.ts";

const MINUTE = 60_000;

/** What no run of files may take longer for, so that nothing hangs. */
const SUITE_LIMIT = 15 * MINUTE;

/**
 * Where tests are that mostly compute, or wait for programs that do: those of the two lists run side by side.
 * All others run alone, because they measure time, count on being quick, or use what there is once on a
 * machine.
 */
const sideBySide = [
  [
    ...["adapters/", "base/", "cli/forward", "cli/get", "cli/run", "examples_test.ts", "ffi/"],
    ...["http/", "package/", "runtimes/"],
  ],
  ["integrations/", "libraries/", "peers/", "register/", "tls/engine/"],
] as const;

/**
 * Runs the test files under one runtime; prints what is worth reading of its output. Where none of the
 * tests that ran, or were skipped, has a title that `named` has, that counts as a failure.
 */
export async function runSuite(
  name: keyof typeof runners,
  files: readonly string[],
  named: readonly string[],
): Promise<Result> {
  const folder = makeFolder();
  const started = performance.now();
  const lanes = sideBySide.map((places) =>
    files.filter((file) => places.some((place) => file.startsWith(`tests/${place}`)))
  );
  const alone = files.filter((file) => !lanes.flat().includes(file));
  const runs = await Promise.all(lanes.map(async (files) => {
    const lines: string[] = []; // Kept, so that those of two runs do not mix.
    const run = await runFiles(runners[name], files, folder, (line) => lines.push(line));
    for (const line of lines) console.log(line);
    return run;
  }));
  runs.push(await runFiles(runners[name], alone, folder, console.log));
  const seconds = (performance.now() - started) / 1000;
  removeFolder(folder);
  const cases = withoutGroups(runs.flatMap(({ cases }) => cases));
  return { name, ...judge(cases, files, named, runs), seconds };
}

/** How a run of files ended, and the tests of its report. */
interface Run extends Ended {
  readonly cases: readonly TestCase[];
}

/** Runs some of the files, if any. `say` gets what is worth reading of the output. */
async function runFiles(
  runner: Runner,
  files: readonly string[],
  folder: string,
  say: (line: string) => void,
): Promise<Run> {
  if (files.length === 0) return { code: 0, timedOut: false, cases: [] };
  const report = join(mkdtempSync(join(folder, "run-")), "report.xml");
  const ended = await command(runner.command(files, report), {
    limit: SUITE_LIMIT,
    onLine: (line) => runner.noise.test(line) || say(line),
    ...(runner.environment ? { environment: runner.environment(folder) } : {}),
  });
  return { ...ended, cases: parseReport(readReport(report)) };
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
  runs: readonly Ended[],
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
  const bad = runs.find(({ code }) => code !== 0);
  if (runs.some(({ timedOut }) => timedOut)) {
    failed.push(`the run took longer than ${SUITE_LIMIT / MINUTE} minutes`);
  } else if (bad && failed.length === 0) failed.push(`the run ended with status ${bad.code}`);
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
