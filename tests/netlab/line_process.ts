/**
 * A program that answers each line it reads with a line of its own.
 *
 * @module
 */

import type { ChildProcess } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import { onAbruptEnd } from "./cleanup.ts";

/** The parent's end of such a program. */
export class LineProcess implements Disposable {
  readonly #child: ChildProcess;
  readonly #reader: Interface;
  readonly #lines: AsyncIterator<string>;
  readonly #takeBack: () => void;

  /** @param child with pipes for its stdin and its stdout */
  constructor(child: ChildProcess) {
    this.#child = child;
    this.#reader = createInterface({ input: child.stdout! });
    this.#lines = this.#reader[Symbol.asyncIterator]();
    child.stdin!.on("error", () => {}); // The program has ended. `ask` reports it.
    this.#takeBack = onAbruptEnd(() => child.kill("SIGKILL"));
  }

  /** Writes a line and waits for the line that answers it. One question at a time. */
  async ask(line: string): Promise<string> {
    this.#child.stdin!.write(`${line}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`The program that was asked "${line}" has ended`);
    return value;
  }

  [Symbol.dispose](): void {
    this.#takeBack();
    this.#reader.close();
    this.#child.kill("SIGKILL");
  }
}
