/**
 * `firstflight run`: starts a program that stays as it is, with its connections taken over.
 *
 * @module
 */

import process from "node:process";
import type { Command } from "./command.ts";
import { reportFailure } from "./failure.ts";
import { print } from "./output.ts";
import { registerUrl } from "./register_url.ts";
import { NotStarted, runChild } from "./run/child.ts";
import { readHosts } from "./run/hosts.ts";
import { type Env, type Prepared, withPreload } from "./run/preload.ts";
import { type OptionSpecs, type OptionValues, readArguments, UsageError } from "./usage.ts";

const options = {
  "early-data": {
    type: "string",
    value: "safe",
    help: "requests of HTTP that may be repeated are sent as early data, judged by their bytes",
  },
  "dangerous-early-data-hosts": {
    type: "string",
    value: "LIST",
    help:
      "to these, as in db.example.com:5432,…, whatever is written first is sent as early data, " +
      "which others can replay; @FILE has one a line",
  },
  "optimistic-net": {
    type: "string",
    value: "LIST",
    help:
      'plain connections to these say "connect" before there is one, and their first write rides ' +
      "in the SYN; @FILE has one a line; on means all",
  },
  report: {
    type: "boolean",
    help: "say at the end of each program what was taken over, and what was left to the runtime",
  },
} as const satisfies OptionSpecs;

/** The command, for a module that is to be loaded first. */
export function makeRunCommand(module: URL): Command {
  return {
    name: "run",
    summary: "start a program of Node, Bun or Deno with its TLS connections taken over",
    examples: [
      ["-- node app.js", "its connections send their first flight in the SYN"],
      ["--early-data safe --report -- npm start", "its GETs, too; and what came of it"],
      ["-- deno run --allow-net --allow-ffi --allow-env app.ts", "permissions are yours to give"],
    ],
    usage: "[OPTIONS] -- COMMAND [ARGUMENT …]",
    options,
    about: [
      "Loads @firstflight/tls/register before the program. Node and Bun are told by NODE_OPTIONS and " +
      "BUN_OPTIONS, so the command may also be npm, npx, a script or a shell: every Node and Bun " +
      "program that it starts is reached, npm itself included.",
      "Deno has no such variable. A command that is deno run, test, serve, eval, bench, watch, x or " +
      "repl, or deno with a script, gets --preload. Not reached are a Deno that something else starts " +
      "(deno task, npm run, a script whose first line names deno), what deno compile has made, and a " +
      "program whose environment does not get through (sudo, docker).",
      "Options become variables of the environment: FIRSTFLIGHT_EARLY_DATA and so on. Where the " +
      "environment says FIRSTFLIGHT=off, the command runs as if there were no firstflight run.",
      "SIGINT, SIGTERM and SIGHUP are passed on; Ctrl-C reaches the program by the terminal. A command " +
      "that a signal ends takes this one with it.",
    ],
    exits: "Exit codes: those of the command; 126 it can't be started, 127 there is no such " +
      "command, 2 wrong usage.",
    run: (args) => run(args, module),
  };
}

/** The command. */
export const runCommand: Command = makeRunCommand(registerUrl);

async function run(args: readonly string[], module: URL): Promise<number> {
  const end = args.indexOf("--");
  const own = end < 0 ? args : args.slice(0, end);
  const words = end < 0 ? [] : args.slice(end + 1);
  const { values, positionals: [stray] } = readArguments(own, options);
  if (stray !== undefined) {
    throw new UsageError(`The command stands after --: firstflight run -- ${stray} …`);
  }
  if (words.length === 0 || words[0] === "") {
    throw new UsageError("The command is missing: firstflight run -- node app.js");
  }
  const asked = await readVariables(values);
  const prepared = isOff() ? asItIs(words) : withPreload(words, process.env, module);
  const { command, args: rest, env, remarks } = prepared;
  for (const remark of remarks) await print(process.stderr, `firstflight: ${remark}`);
  try {
    return await runChild(command, rest, { ...asked, ...env });
  } catch (error) {
    if (!(error instanceof NotStarted)) throw error;
    await reportFailure(error, false);
    return error.exitCode;
  }
}

/** Whether the environment forbids it; whoever has set that need not know of this command. */
function isOff(): boolean {
  return process.env["FIRSTFLIGHT"]?.trim() === "off";
}

function asItIs([command = "", ...args]: readonly string[]): Prepared {
  const remark = "FIRSTFLIGHT=off in the environment: nothing is taken over";
  return { command, args, env: {}, remarks: [remark] };
}

async function readVariables(values: OptionValues<typeof options>): Promise<Env> {
  const {
    "early-data": earlyData,
    "dangerous-early-data-hosts": dangerous,
    "optimistic-net": net,
    report,
  } = values;
  if (earlyData !== undefined && earlyData !== "safe") {
    throw new UsageError(`Option --early-data must be safe, got "${earlyData}"`);
  }
  return {
    ...(earlyData !== undefined ? { FIRSTFLIGHT_EARLY_DATA: earlyData } : {}),
    ...(dangerous !== undefined
      ? {
        FIRSTFLIGHT_DANGEROUS_EARLY_DATA_HOSTS: await readHosts(
          "dangerous-early-data-hosts",
          dangerous,
        ),
      }
      : {}),
    ...(net !== undefined
      ? {
        FIRSTFLIGHT_OPTIMISTIC_NET: net === "on" ? net : await readHosts("optimistic-net", net),
      }
      : {}),
    ...(report ? { FIRSTFLIGHT_REPORT: "1" } : {}),
  };
}
