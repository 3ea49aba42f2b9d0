/**
 * The examples in the documentation, and how to run them.
 *
 * @module
 */

import { globSync, readFileSync } from "node:fs";

/** Opens an example; one marked "no-eval" needs somebody's server, so it is only type-checked. */
const fence = /^[ *]*```ts( no-eval)?$/;

/** The published files and the README, as far as they have examples. */
const files = globSync([
  "{mod,cli}.ts",
  "{adapters,base,cli,ffi,http,runtimes,tcp,tls}/**/*.ts",
  "README.md",
])
  .filter((file) => linesOf(file).some((line) => fence.test(line)));

function linesOf(file: string): string[] {
  return readFileSync(file, "utf8").split("\n");
}

/** Deno names an example after the lines it is on: `tls/connect.ts#75-93.ts`. */
function runnable(file: string): string[] {
  return linesOf(file).flatMap((line, index) => {
    const isRunnable = fence.test(line) && !line.endsWith("no-eval");
    return isRunnable ? [`${file}#${index + 1}-`] : [];
  });
}

const filter = `/${files.flatMap(runnable).join("|").replaceAll("/", "\\/")}/`;

/**
 * Type-checks all examples and runs those that can run.
 *
 * Deno imports all that a file exports into its examples, hence a configuration that lets names go
 * unused.
 */
export const testExamples: readonly string[] = [
  ...["deno", "test", "--doc", "-A", "--quiet", "--config=deno.docs.json", `--filter=${filter}`],
  ...files,
];
