/**
 * A program that answers in lines of JSON, started on one of the stage's sides.
 *
 * @module
 */

import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { commandFor, type RuntimeName } from "../bench/harness/runtimes.ts";
import { onAbruptEnd } from "../tests/netlab/cleanup.ts";
import type { Side } from "./stage.ts";

/** Milliseconds that one answer may take. */
const PATIENCE = 20_000;

/** A running program. Disposing of it ends it. */
export class Program implements AsyncDisposable {
  #name: string;
  #child: ChildProcess;
  #lines: AsyncIterator<string>;
  #complaint = "";
  #closed: Promise<void>;
  #takeBack: () => void;

  /** Starts one of the project's programs on a runtime. */
  constructor(side: Side, runtime: RuntimeName, program: URL, ...args: readonly string[]) {
    const [command, rest] = commandFor(runtime, program, ...args);
    this.#name = `${program.pathname.split("/").at(-1)} on ${runtime}`;
    const child = this.#child = side.spawn(command, rest, { stdio: ["pipe", "pipe", "pipe"] });
    this.#takeBack = onAbruptEnd(() => child.kill("SIGKILL"));
    this.#lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    child.stderr!.setEncoding("utf8").on("data", (text: string) => this.#complaint += text);
    child.stdin!.on("error", () => {}); // The program has ended. Reading its next line shows why.
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = promise;
    child.once("close", resolve);
    child.once("error", ({ message }) => {
      this.#complaint += message;
      resolve();
    });
  }

  /** Sends a line to the program, and returns its next line. */
  ask<Answer>(question: unknown): Promise<Answer> {
    this.#child.stdin!.write(`${JSON.stringify(question)}\n`);
    return this.answer<Answer>();
  }

  /** Returns the program's next line. */
  async answer<Answer>(): Promise<Answer> {
    const timer = setTimeout(() => {
      this.#complaint += `no answer within ${PATIENCE / 1000} seconds`;
      this.#child.kill("SIGKILL");
    }, PATIENCE);
    const { value, done } = await this.#lines.next();
    clearTimeout(timer);
    if (!done) return JSON.parse(value);
    await this.#closed;
    const { exitCode, signalCode } = this.#child;
    const complaint = this.#complaint.trim() || `it ended with ${signalCode ?? exitCode}`;
    throw new Error(`${this.#name}: ${complaint}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#closed;
    this.#takeBack();
  }
}
