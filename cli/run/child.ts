/**
 * A command that runs in the place of this one: with its input and output, its signals and its end.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { basename, dirname } from "node:path";
import process from "node:process";
import { isatty } from "node:tty";
import { CommandError } from "../failure.ts";
import { exitCodes } from "../usage.ts";
import type { Env } from "./preload.ts";

/** Signals that are meant for the command. */
const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Milliseconds for a signal to end this process. */
const SIGNAL_PATIENCE = 1_000;

/** What could not be started, with the exit code that shells have for it. */
export class NotStarted extends CommandError {
  readonly exitCode: number;

  constructor(command: string, { code, message }: { code?: string; message: string }) {
    const isMissing = code === "ENOENT";
    const why = isMissing ? "there is no such command" : message;
    super(code ?? "NOT_STARTED", `"${command}" can't be started: ${why}`);
    this.exitCode = isMissing ? exitCodes.notFound : exitCodes.notExecutable;
  }
}

/**
 * Runs a command; resolves to its exit code. Where a signal ends it, the same signal ends this process.
 *
 * @throws {NotStarted} when it can't be started
 */
export async function runChild(
  command: string,
  args: readonly string[],
  env: Env,
): Promise<number> {
  const target: Target = {};
  // Before there is a child: it may be quick to say that it is there, and a signal quick to follow.
  const stopForwarding = forwardSignals(target);
  const child = spawn(spelled(command), [...args], {
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  target.pid = child.pid;
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  child.once("error", (error) => reject(new NotStarted(command, error)));
  child.once("exit", (code, signal) => resolve({ code, signal }));
  const ended = await promise.finally(stopForwarding);
  return ended.signal === null ? ended.code ?? exitCodes.failure : await endBy(ended.signal);
}

/** Whom signals are for. */
interface Target {
  pid?: number | undefined;
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Deno grants every permission where `node:child_process` starts its own path. Another spelling of that
 * leaves permissions to the command line.
 */
function spelled(command: string): string {
  return command === process.execPath ? `${dirname(command)}/./${basename(command)}` : command;
}

/** Forwards signals; returns how to stop that. */
function forwardSignals(target: Target): () => void {
  // A terminal sends Ctrl-C to both, and many programs take a second one for impatience.
  const hasTerminal = [0, 1, 2].some(isatty); // No stream is made: the descriptors are the command's.
  const forward = (signal: NodeJS.Signals): void => {
    const { pid } = target;
    if (pid === undefined || (signal === "SIGINT" && hasTerminal)) return;
    try {
      process.kill(pid, signal); // Deno's child.kill() loses the exit code.
    } catch {
      // It has just ended.
    }
  };
  for (const signal of forwarded) process.on(signal, forward);
  return () => {
    for (const signal of forwarded) process.off(signal, forward);
  };
}

/** Ends this process as the command has ended; where it lives on, resolves to what shells make of that. */
async function endBy(signal: NodeJS.Signals): Promise<number> {
  process.kill(process.pid, signal);
  await new Promise((resolve) => setTimeout(resolve, SIGNAL_PATIENCE));
  return 128 + (constants.signals[signal] ?? 0);
}
