/**
 * What the import of the package costs a process, as npm packs it and from its sources.
 *
 * @module
 */

import { execFileSync, spawn } from "node:child_process";
import { relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { run } from "./harness/client.ts";
import { showProgress } from "./harness/progress.ts";
import { commandFor, type RuntimeName } from "./harness/runtimes.ts";

/** Processes of each kind before those that are counted: they fill the runtimes' caches. */
const WARM_UP = 1;

/** All processes that import one file on one runtime. */
export interface Imports {
  readonly runtime: RuntimeName;
  /** The file, by its path from here. */
  readonly file: string;
  /** Milliseconds, one for each process. */
  readonly times: number[];
}

/** What to import, and how often. */
export interface ImportOptions {
  readonly runtimes: readonly RuntimeName[];
  readonly repeat: number;
  /** Other builds of the package, imported in turn with this one. */
  readonly beside: readonly string[];
}

const root = fileURLToPath(new URL("..", import.meta.url));
const program = new URL("./clients/import.ts", import.meta.url);

/** Builds the package, and imports it in processes that take turns. */
export async function measureImports(options: ImportOptions): Promise<Imports[]> {
  const { runtimes, repeat, beside } = options;
  showProgress("building the package");
  execFileSync(`${root}node_modules/.bin/node`, [`${root}tools/build.ts`]);
  const files = [`${root}dist/mod.js`, `${root}mod.ts`, ...beside.map((file) => resolve(file))];
  const all = runtimes.flatMap((runtime) => files.map((file) => ({ runtime, file, times: [] })));
  for (let round = -WARM_UP; round < repeat; round++) {
    showProgress(`imports: round ${round + 1} of ${repeat}`);
    for (const { runtime, file, times } of all as Imports[]) {
      const command = commandFor(runtime, program, pathToFileURL(file).href);
      const time = Number(await run(spawn, command));
      if (round >= 0) times.push(time);
    }
  }
  showProgress();
  return all.map((imports) => ({ ...imports, file: relative(process.cwd(), imports.file) }));
}
