/**
 * Running another program, within a time limit, in a process group of its own.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";

/** How a program ended. */
export interface Ended {
  /** Exit status; `null` when a signal ended it. */
  readonly code: number | null;
  readonly timedOut: boolean;
}

/** How to run a program. */
export interface CommandOptions {
  /** Milliseconds until it is killed, with everything it started. */
  readonly limit: number;
  /** Gets each line of its output as it comes. */
  onLine(line: string): void;
  /** What is in its environment besides. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Ends what is running. */
const running = new Set<() => void>();

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    for (const kill of running) kill();
    process.exit(130);
  });
}

/** Runs a dev dependency's program, such as `deno`, to its end. */
export async function command(
  [program = "", ...args]: readonly string[],
  { limit, onLine, environment }: CommandOptions,
): Promise<Ended> {
  const child = spawn(join("node_modules/.bin", program), args, {
    detached: true, // A process group of its own, so that what it started can be killed with it.
    env: { ...process.env, NO_COLOR: "1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => {
    try {
      process.kill(-child.pid!, "SIGKILL");
    } catch {
      // All of it has just ended.
    }
  };
  running.add(kill);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, limit);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", onLine);
  }
  const [code] = await once(child, "close") as [number | null];
  clearTimeout(timer);
  running.delete(kill);
  return { code, timedOut };
}
