/**
 * The `firstflight` command: finds the command asked for and runs it.
 *
 * @module
 */

import process from "node:process";
import type { Command } from "./command.ts";
import { connectCommand } from "./connect.ts";
import { doctorCommand } from "./doctor.ts";
import { forwardCommand } from "./forward.ts";
import { getCommand } from "./get.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { reportFailure } from "./failure.ts";
import { nearest } from "../base/nearest.ts";
import { OutputError, print } from "./output.ts";
import { runCommand as startCommand } from "./run.ts";
import { timeCommand } from "./time.ts";
import { exitCodes, UsageError } from "./usage.ts";
import { version } from "./version.ts";

const commands: readonly Command[] = [
  getCommand,
  startCommand,
  connectCommand,
  timeCommand,
  forwardCommand,
  doctorCommand,
];

/** Runs a command line; resolves to the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {}); // See `send`.
  try {
    return await runCommand(args);
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    return await reportFailure(error, false).catch(() => exitCodes.failure); // Stderr fails, too.
  }
}

async function runCommand(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  const command = commands.find((each) => each.name === name);
  try {
    if (command) {
      if (!asksForHelp(rest)) return await command.run(rest);
      await print(process.stdout, commandHelp(command));
      return exitCodes.ok;
    }
    return await runGeneral(name, rest);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const help = command ? `firstflight ${command.name} --help` : "firstflight --help";
    await print(process.stderr, `firstflight: ${error.message}\nSee: ${help}`);
    return exitCodes.usage;
  }
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const options = end < 0 ? args : args.slice(0, end);
  return options.includes("--help") || options.includes("-h");
}

async function runGeneral(name: string | undefined, rest: readonly string[]): Promise<number> {
  const help = () => generalHelp(commands);
  switch (name) {
    case undefined:
      await print(process.stderr, help());
      return exitCodes.usage;
    case "--help":
    case "-h":
      await print(process.stdout, help());
      return exitCodes.ok;
    case "help": {
      const about = commands.find((each) => each.name === rest[0]);
      await print(process.stdout, about ? commandHelp(about) : help());
      return exitCodes.ok;
    }
    case "--version":
    case "-V":
      await print(process.stdout, `firstflight ${version}`);
      return exitCodes.ok;
    default:
      throw unknownCommand(name);
  }
}

function unknownCommand(name: string): UsageError {
  if (name.startsWith("-")) {
    const near = nearest(name.replace(/^-+/, ""), ["help", "version"]);
    const meant = near === undefined ? "; options follow the command" : `; did you mean --${near}?`;
    return new UsageError(`Unknown option ${name}${meant}`);
  }
  const near = nearest(name, commands.map((each) => each.name));
  const names = commands.map((each) => each.name).join(", ");
  const meant = near === undefined ? `; there are ${names}` : `; did you mean ${near}?`;
  return new UsageError(`Unknown command "${name}"${meant}`);
}
