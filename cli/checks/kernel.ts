/**
 * Linux's settings for Fast Open, and what the kernel remembers of it.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { runtime } from "../../runtimes/mod.ts";
import { readCounter, readSetting } from "../../tcp/kernel/proc.ts";
import { type Check, setSysctl } from "./check.ts";
import { installCommand } from "./packages.ts";

const FAST_OPEN = "net.ipv4.tcp_fastopen";
const BLACKHOLE = "net.ipv4.tcp_fastopen_blackhole_timeout_sec";
/** Bits of net.ipv4.tcp_fastopen. */
const CLIENT = 1;
const SERVER = 2;
const EVERY_LISTENER = 0x400;

/** The command that switches the client side on and leaves the other bits as they are. */
export function clientFix(): string {
  return setSysctl(FAST_OPEN, (readSetting(FAST_OPEN) ?? 0) | CLIENT);
}

/** Whether servers on this machine may take data from a SYN. */
export function checkServerSide(): Check {
  const name = "Fast Open in";
  const value = readSetting(FAST_OPEN);
  if (value === undefined) return unreadable(name, FAST_OPEN);
  const setting = `${FAST_OPEN} is ${value}`;
  if ((value & SERVER) === 0) {
    const finding = `${setting}: servers here take no data from a SYN; clients don't need it`;
    return { name, state: "lacking", finding, fix: setSysctl(FAST_OPEN, value | CLIENT | SERVER) };
  }
  const which = value & EVERY_LISTENER ? "every server here takes" : "servers that ask for it take";
  return { name, state: "ok", finding: `${setting}: ${which} data from a SYN` };
}

/** Whether the kernel stops using Fast Open after a loss. */
export function checkBlackhole(): Check {
  const name = "pauses";
  const seconds = readSetting(BLACKHOLE);
  if (seconds === undefined) return unreadable(name, BLACKHOLE);
  if (seconds === 0) {
    return { name, state: "ok", finding: "the kernel never pauses Fast Open after a loss" };
  }
  const detected = readCounter("TCPFastOpenBlackhole");
  const finding = `after a loss the kernel pauses Fast Open to every host for ${seconds} s or more`;
  if (detected === 0) {
    return { name, state: "ok", finding: `${finding}; that never happened so far` };
  }
  const times = detected === undefined ? "" : `; that happened ${detected} times`;
  return { name, state: "lacking", finding: finding + times, fix: setSysctl(BLACKHOLE, 0) };
}

/** The Fast Open cookies that the kernel has. */
export async function checkCookies(): Promise<Check> {
  const name = "cookies";
  let metrics: string | Error = new Error();
  for (const command of ["ip", "/usr/sbin/ip", "/sbin/ip"]) {
    if (metrics instanceof Error) metrics = await outputOf(command, ["tcp_metrics", "show"]);
  }
  if (metrics instanceof Error) {
    const absent = (metrics as { code?: unknown }).code === "ENOENT";
    const fix = absent ? await installCommand("iproute2") : undefined;
    const finding = 'can\'t be listed: the command "ip" ' +
      (absent ? "is not installed" : "can't be run");
    return { name, state: "unknown", finding, ...(fix === undefined ? {} : { fix }) };
  }
  const count = metrics.split("\n").filter((line) => line.includes("fo_cookie")).length;
  const finding = count === 0
    ? "none yet: the first connection to a host asks for its cookie, the next one uses it"
    : `the kernel has those of ${count} ${count === 1 ? "address" : "addresses"}`;
  return { name, state: "ok", finding };
}

function unreadable(name: string, what: string): Check {
  const fix = runtime.name === "deno" ? { fix: "deno run -A …" } : {}; // Deno guards /proc.
  return { name, state: "unknown", finding: `${what} can't be read`, ...fix };
}

/** What a command prints, or why it can't be run. */
function outputOf(command: string, args: readonly string[]): Promise<string | Error> {
  return new Promise((resolve) => {
    try {
      execFile(command, args, (error, stdout) => resolve(error ?? stdout));
    } catch (error) {
      resolve(error as Error); // Commands are not permitted.
    }
  });
}
