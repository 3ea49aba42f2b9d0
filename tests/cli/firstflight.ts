/**
 * Runs of the `firstflight` command on the runtime that runs the test.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { ChildProcess } from "node:child_process";
import process from "node:process";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../peers/folder.ts";
import { here, type Place } from "../peers/peer.ts";

/** The command's file. */
export const program: string = fileURLToPath(new URL("../../cli.ts", import.meta.url));
/** No warning is switched off: the command has to do without. */
const flags = "deno" in process.versions ? ["run", "-A", "--no-lock"] : [];

/** Sessions must not go from one run of the tests to the next. */
const cache = temporaryFolder();
after(() => cache[Symbol.dispose]());

/** How a run has ended. */
export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** What came by stdout, as it came. */
  readonly bytes: Uint8Array;
  readonly stderr: string;
}

/** How to run it. */
export interface RunOptions {
  /** Default this machine. */
  readonly place?: Place;
  readonly env?: Readonly<Record<string, string>>;
  /** Where stdout goes. Default: to the test. */
  readonly output?: "pipe" | number;
  /** The file to run. Default: the command's. */
  readonly file?: string;
}

/** A run that goes on. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Run>;
  /** Resolves once stderr matches. */
  said(pattern: RegExp): Promise<void>;
}

/** Starts `firstflight`; a text is its whole input, `null` leaves the input open. */
export function start(
  args: readonly string[],
  input: string | null = "",
  { place = here, env = {}, output = "pipe", file = program }: RunOptions = {},
): Running {
  const child = place.spawn(process.execPath, [...flags, file, ...args], {
    stdio: ["pipe", output, "pipe"],
    env: { ...process.env, NO_COLOR: "1", XDG_CACHE_HOME: cache.path(), ...env },
  });
  const chunks: Uint8Array[] = [];
  let stderr = "";
  const heard = new Set<() => void>();
  child.stdin?.on("error", () => {}); // It ended before it read everything.
  if (input !== null) child.stdin?.end(input);
  child.stdout?.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    for (const look of heard) look();
  });
  return {
    child,
    ended: new Promise((resolve) => {
      child.once("close", (code, signal) => {
        const bytes = Buffer.concat(chunks);
        resolve({ code, signal, stdout: bytes.toString(), bytes, stderr });
      });
    }),
    said: (pattern) =>
      new Promise((resolve) => {
        const look = () => pattern.test(stderr) && resolve();
        heard.add(look);
        look();
      }),
  };
}

/** Runs `firstflight` to its end. */
export function firstflight(
  args: readonly string[],
  input?: string,
  place: Place = here,
): Promise<Run> {
  return start(args, input, { place }).ended;
}
