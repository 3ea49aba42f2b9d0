/**
 * How each runtime runs test files: one test at a time. What may run beside them is up to the suite.
 *
 * @module
 */

import { join } from "node:path";

/** How a runtime runs test files. */
export interface Runner {
  /** The command that runs `files` and writes a JUnit report. */
  command(files: readonly string[], report: string): readonly string[];
  /** Lines of its output that only say that all is well. */
  readonly noise: RegExp;
  /** What is in its environment besides; `folder` is there for as long as it runs. */
  environment?(folder: string): Readonly<Record<string, string>>;
}

/** Milliseconds for one test where the runtime has such a limit; Bun's own, 5 seconds, is too short. */
const TEST_LIMIT = 60_000;

/** The runtimes. */
export const runners = {
  deno: {
    command: (files, report) => [
      ...["deno", "test", "-A", "--no-check", `--junit-path=${report}`],
      ...files,
    ],
    noise: /^$|^running \d+ tests? from|\.\.\.( (ok|ignored) \(.*\))?$|^ok \|/,
  },
  bun: {
    command: (files, report) => [
      ...["bun", "test", "--isolate", `--timeout=${TEST_LIMIT}`],
      ...["--reporter=junit", `--reporter-outfile=${report}`],
      ...files.map((file) => `./${file}`), // Without "./" it would be a pattern.
    ],
    noise:
      /^$|^bun test v|^\((pass|skip|todo)\)|^\S+_test\.ts:$|^ *\d+ (pass|skip|todo|fail)$|^Ran /,
  },
  node: {
    command: (files, report) => [
      ...["node", "--disable-warning=ExperimentalWarning"],
      ...["--test", "--test-concurrency=1", `--test-timeout=${TEST_LIMIT}`],
      ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
      ...["--test-reporter=junit", `--test-reporter-destination=${report}`],
      ...files,
    ],
    noise: /^$|^ *[✔﹣▶]|^ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /,
    // Each file is a process of its own, which would strip the types of every module again.
    environment: (folder) => ({ NODE_COMPILE_CACHE: join(folder, "compiled") }),
  },
} as const satisfies Record<string, Runner>;
