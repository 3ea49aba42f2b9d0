/**
 * Runs random sequences of requests over pools of connections, and counts what has come early.
 *
 *     npm run check:pools -- --sequences 10000 --seed 1 --runtimes node
 *
 * What must not be repeated never comes early, and each request is done once. A failure names its seed and
 * its client, with which `--sequences 1 --seed SEED --client CLIENT` runs that sequence again.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import process from "node:process";
import { parseArgs } from "node:util";
import { commandFor, parseRuntimes } from "../bench/harness/runtimes.ts";

const { values } = parseArgs({
  options: {
    sequences: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    runtimes: { type: "string", default: "deno,bun,node" },
    client: { type: "string" },
  },
});
const { sequences, seed, runtimes, client } = values;
const task = {
  count: Number(sequences),
  seed: Number(seed),
  ...(client === undefined ? {} : { clients: [client] }),
};
const program = new URL("../tests/fixtures/pools_program.ts", import.meta.url);
for (const name of parseRuntimes(runtimes)) {
  const [command, args] = commandFor(name, program, JSON.stringify(task));
  const { status, stdout } = spawnSync(command, args, {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  console.log(name, stdout.trim());
  if (status !== 0) process.exitCode = 1;
}
