/**
 * Runs the program on a platform, over the emulated network, with each runtime's build for the
 * platform.
 *
 * @module
 */

import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import process from "node:process";
import { netlabUnavailable, startNetlab } from "../netlab/mod.ts";
import { certificates } from "../peers/certificates.ts";
import { temporaryFolder } from "../peers/folder.ts";
import { startNginx } from "../peers/nginx.ts";
import type { Place } from "../peers/peer.ts";
import { type Check, type Evidence, type Expected, judge, stepsFor } from "./checks.ts";
import type { About, Finding, Step, Target } from "./finding.ts";

export type RuntimeName = About["runtime"];

/** How a command is started. */
export interface Command {
  readonly command: string;
  /** The arguments before the program's own. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A platform, ready to run on. */
export interface Platform {
  /** What the platform is, and what it is made of. */
  readonly name: string;
  readonly expected: Expected;
  /** The commands that start `program.ts`, by runtime. */
  readonly runtimes: Readonly<Partial<Record<RuntimeName, Command>>>;
}

/** The flags with which a runtime runs a program with every permission and without warnings. */
export const flags: Readonly<Record<RuntimeName, readonly string[]>> = {
  deno: ["run", "-A", "--quiet", "--no-lock", "--no-check"],
  bun: [],
  node: ["--disable-warning=ExperimentalWarning"],
};

/** Milliseconds for everything that a runtime does. Emulated ones take ten times as long. */
const PATIENCE = 300_000;

/** Milliseconds of a round trip: so many that no emulated program looks slow. */
const RTT = 100;

/**
 * Runs on all runtimes of a platform, or on those named. Prints what holds, and sets the exit
 * status where something does not hold.
 */
export async function runPlatform(platform: Platform, named: readonly string[]): Promise<void> {
  console.log(platform.name);
  const counts = { PASS: 0, FAIL: 0 };
  for (const [name, command] of Object.entries(platform.runtimes)) {
    if (named.length > 0 && !named.includes(name)) continue;
    const started = performance.now();
    for (const check of await examine(platform.expected, name as RuntimeName, command)) {
      const result = check.holds ? "PASS" : "FAIL";
      console.log(`${result}  ${name.padEnd(4)}  ${check.what}: ${check.seen}`);
      counts[result]++;
    }
    const seconds = (performance.now() - started) / 1000;
    console.log(`      ${name.padEnd(4)}  ${Math.round(seconds)} seconds`);
  }
  console.log(`\n${counts.PASS} passed, ${counts.FAIL} failed`);
  if (counts.FAIL > 0) process.exitCode = 1;
}

async function examine(
  expected: Expected,
  runtime: RuntimeName,
  command: Command,
): Promise<Check[]> {
  try {
    return judge(expected, await gather(stepsFor(expected, runtime), command));
  } catch (error) {
    return [{ what: "runs", holds: false, seen: (error as Error).message }];
  }
}

/**
 * Collects evidence. Each runtime gets a network of its own, whose client's kernel has no cookie.
 */
async function gather(steps: readonly Step[], command: Command): Promise<Evidence> {
  const unavailable = netlabUnavailable();
  if (unavailable !== undefined) throw new Error(unavailable);
  const { ca, server } = certificates();
  await using lab = await startNetlab({ rtt: RTT });
  await using _nginx = await startNginx({ place: lab.server, port: 443, plainPort: 80 });
  const target: Target = {
    hostname: lab.server.ipv4,
    port: 443,
    plainPort: 80,
    caCerts: [ca],
    cert: server.cert,
    key: server.key,
  };
  const [about, ...findings] = await linesOf(lab.client, command, [
    JSON.stringify(target),
    ...steps,
  ]);
  return {
    about: about as About,
    findings: findings as Finding[],
    packets: await lab.packets(),
  };
}

/** Runs the program to its end. It writes into files, because Wine can't give a pipe to Node. */
async function linesOf(
  place: Place,
  { command, args, env }: Command,
  more: readonly string[],
): Promise<unknown[]> {
  using folder = temporaryFolder();
  const [stdout, stderr] = [folder.path("stdout"), folder.path("stderr")];
  const files = [openSync(stdout, "w"), openSync(stderr, "w")];
  const child = place.spawn(command, [...args, ...more], {
    stdio: ["ignore", ...files],
    env: { ...process.env, NO_COLOR: "1", ...env },
  });
  for (const file of files) closeSync(file);
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  const [code, signal] = await once(child, "close");
  clearTimeout(timer);
  const lines = readFileSync(stdout, "utf8").split("\n").filter((line) => line.startsWith("{"));
  if (lines.length === 0) {
    const said = readFileSync(stderr, "utf8").trim().split("\n").slice(0, 5).join("\n");
    throw new Error(`it ended with ${signal ?? code}, saying\n${said}`);
  }
  return lines.map((line) => JSON.parse(line));
}
