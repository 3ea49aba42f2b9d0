/**
 * What the flag costs a process that does nothing, as npm packs it:
 *
 *     npm run bench:start -- --repeat 40 --runtimes deno,bun,node
 *
 * @module
 */

import { execFileSync, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { run } from "./harness/client.ts";
import { showProgress } from "./harness/progress.ts";
import { show } from "./harness/round_trips.ts";
import {
  commandFor,
  type CommandLine,
  parseRuntimes,
  runtimeNames,
  underFlag,
} from "./harness/runtimes.ts";
import { median } from "./harness/statistics.ts";
import { drawTable, drawVerdict } from "./harness/table.ts";

/** The project's target, in milliseconds over a process without the flag. */
const MOST = 15;

/** Processes of each kind that are not counted: they fill the runtimes' caches. */
const WARM_UP = 3;

const { values: options } = parseArgs({
  options: {
    repeat: { type: "string", default: "40" },
    runtimes: { type: "string", default: runtimeNames.join(",") },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  console.log(`Usage: bench/start.ts [options]

  --repeat N        processes of each kind (default 40)
  --runtimes LIST   of deno,bun,node (default all)`);
  process.exit(0);
}

const root = new URL("..", import.meta.url);
showProgress("building the package");
const build = ["node_modules/.bin/node", "tools/build.ts"].map((path) => new URL(path, root));
const [node = "", tool = ""] = build.map((url) => fileURLToPath(url));
execFileSync(node, [tool]);

const program = new URL("./clients/nothing.mjs", import.meta.url);
const register = new URL("dist/register.js", root);

/** Processes of one kind. */
interface Kind {
  readonly line: CommandLine;
  /** Milliseconds, one for each. */
  readonly times: number[];
}

const series = parseRuntimes(options.runtimes).map((runtime) => {
  const line = commandFor(runtime, program);
  const bare: Kind = { line, times: [] };
  const flagged: Kind = { line: underFlag(runtime, line, register), times: [] };
  return { runtime, bare, flagged };
});

// They take turns, so that other work of the machine affects all of them alike.
const repeat = Number(options.repeat);
for (let round = -WARM_UP; round < repeat; round++) {
  showProgress(`round ${round + 1} of ${repeat}`);
  for (const { line, times } of series.flatMap(({ bare, flagged }) => [bare, flagged])) {
    const started = performance.now();
    await run(spawn, line);
    if (round >= 0) times.push(performance.now() - started);
  }
}
showProgress();

const rows = series.map(({ runtime, bare, flagged }) => {
  const [without, under] = [median(bare.times), median(flagged.times)];
  return { runtime, without, under, more: under - without };
});
const table = rows.map(({ runtime, without, under, more }) => [
  ...[runtime, show(without, 1), show(under, 1), show(more, 1)],
]);
console.log(`Medians of ${repeat} processes that do nothing, in milliseconds.\n`);
console.log(drawTable([["", "bare", "under the flag", "more"], ...table]));
for (const { runtime, more } of rows) {
  const what = `${runtime}: ${show(more, 1)} ms more, at most ${MOST}`;
  console.log(drawVerdict(more <= MOST, what));
}
