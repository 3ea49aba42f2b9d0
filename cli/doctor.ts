/**
 * `firstflight doctor`: what this machine can do, and which commands fix what it can't do.
 *
 * @module
 */

import process from "node:process";
import { fastOpenSupport } from "../mod.ts";
import { runtime } from "../runtimes/mod.ts";
import type { Check } from "./checks/check.ts";
import { checkFlag } from "./checks/flag.ts";
import { checkBlackhole, checkCookies, checkServerSide } from "./checks/kernel.ts";
import { checkClientSide, checkIpv6, checkPermission } from "./checks/network.ts";
import { checkFfi, checkOpenssl, checkRoots, checkRuntime } from "./checks/runtime.ts";
import type { Command } from "./command.ts";
import { print, toJson } from "./output.ts";
import { type Paint, painter, type Style, wantsColor } from "./style.ts";
import { aboutTerms } from "./terms.ts";
import { lengthOf, wrap } from "./text.ts";
import { exitCodes, type OptionSpecs, readArguments, UsageError } from "./usage.ts";
import { version } from "./version.ts";

const options = {
  json: { type: "boolean", help: "print the report as one line of JSON" },
} as const satisfies OptionSpecs;

const WIDTH = { narrow: 80, wide: 100 };

/** The command. */
export const doctorCommand: Command = {
  name: "doctor",
  summary: "what this machine can do, and what fixes what it can't",
  examples: [
    ["", "one line for each thing, and the command that makes it right"],
    ["--json", "the same for a program"],
  ],
  usage: "[OPTIONS]",
  options,
  about: [
    "Exits with 0 when TLS with Fast Open works from here and with 1 when it does not. Nothing leaves " +
    "this machine. Lines that begin with → are commands; what sysctl sets is gone at the next boot " +
    "unless it also stands in a file in /etc/sysctl.d.",
    aboutTerms,
  ],
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(args, options);
  const [first] = positionals;
  if (first !== undefined) throw new UsageError(`Expected no arguments, got "${first}"`);
  const checks = await examine();
  const works = checks.every(({ required, state }) => !required || state === "ok");
  await print(
    process.stdout,
    values.json
      ? toJson({ works, version, runtime: runtime.name, checks })
      : report(checks, works, painter(wantsColor(process.stdout, runtime.env))),
  );
  return works ? exitCodes.ok : exitCodes.failure;
}

async function examine(): Promise<Check[]> {
  const support = fastOpenSupport();
  const kernel = process.platform === "linux" || process.platform === "android"
    ? [checkServerSide(), checkBlackhole(), await checkCookies()]
    : [];
  return [
    checkRuntime(),
    checkFfi(support),
    await checkPermission(),
    await checkOpenssl(support),
    checkRoots(),
    await checkClientSide(support),
    ...kernel,
    checkIpv6(),
    checkFlag(),
  ];
}

const styles: Readonly<Record<Check["state"], Style>> = {
  ok: "green",
  lacking: "red",
  unknown: "yellow",
};

function report(checks: readonly Check[], works: boolean, paint: Paint): string {
  const width = Math.min(process.stdout.columns || WIDTH.narrow, WIDTH.wide);
  const names = Math.max(...checks.map(({ name }) => lengthOf(name)));
  const states = "unknown".length;
  const margin = states + names + 4;
  const lines = checks.flatMap(({ name, state, finding, fix, required }) => {
    const style = state === "lacking" && !required ? "yellow" : styles[state];
    const [start = "", ...rest] = wrap(finding, width - margin);
    return [
      `${paint(style, state.padEnd(states))}  ${paint("bold", name.padEnd(names))}  ${start}`,
      ...rest.map((line) => " ".repeat(margin) + line),
      ...(fix === undefined ? [] : [" ".repeat(margin) + paint("cyan", `→ ${fix}`)]),
    ];
  });
  const verdict = works
    ? "TLS connections from here can use Fast Open."
    : "TLS connections from here can't use Fast Open yet; see what is lacking.";
  return [...lines, "", paint("bold", verdict)].join("\n");
}
