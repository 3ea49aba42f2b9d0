/**
 * Runs random sequences of requests over pools of connections, and counts what has come early.
 *
 *     npm run check:pools -- --sequences 10000 --seed 1 --runtimes node
 *
 * With `--flag safe` or `--flag nothing` the clients are as they are, and run under the flag, which may let
 * ride what is safe, or nothing at all.
 *
 * What must not be repeated never comes early, and each request is done once. A failure names its seed and
 * its client, with which `--sequences 1 --seed SEED --client CLIENT` runs that sequence again.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { commandFor, parseRuntimes } from "../bench/harness/runtimes.ts";

const { values } = parseArgs({
  options: {
    sequences: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    runtimes: { type: "string", default: "deno,bun,node" },
    client: { type: "string" },
    flag: { type: "string" },
  },
});
const { sequences, seed, runtimes, client, flag } = values;
if (flag !== undefined && flag !== "safe" && flag !== "nothing") {
  throw new Error(`--flag must be "safe" or "nothing", got "${flag}"`);
}
const register = fileURLToPath(new URL("../register.ts", import.meta.url));
const task = {
  count: Number(sequences),
  seed: Number(seed),
  ...(client === undefined ? {} : { clients: [client] }),
};
const program = new URL("../tests/fixtures/pools_program.ts", import.meta.url);
for (const name of parseRuntimes(runtimes)) {
  const [command, args] = commandFor(name, program, JSON.stringify(task));
  if (flag !== undefined) {
    const option = `--${name === "node" ? "import" : "preload"}=${register}`;
    args.splice(name === "deno" ? 1 : 0, 0, option);
  }
  const { status, stdout } = spawnSync(command, args, {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    env: { ...process.env, FIRSTFLIGHT_EARLY_DATA: flag === "safe" ? "safe" : "off" },
  });
  console.log(name, stdout.trim());
  if (status !== 0) process.exitCode = 1;
}
