/**
 * Idle connections that fill a listener's queue, so that the next client is not let in.
 *
 * @module
 */

import process from "node:process";
import type { Host } from "./host.ts";
import { LineProcess } from "./line_process.ts";
import { programArguments } from "./program.ts";

/**
 * Fills the queue of a listener whose program does not accept, such as a stopped one. A listener
 * with a small `backlog` needs fewer connections.
 */
export class QueueFiller implements Disposable {
  readonly #program: LineProcess;

  /** Connects from `host` itself to a listener there, so the link sees nothing of it. */
  constructor(host: Host, address: string, port: number) {
    const program = new URL("./fixtures/queue_filler.ts", import.meta.url);
    const args = programArguments(program, address, `${port}`);
    const child = host.spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#program = new LineProcess(child);
  }

  /** Resolves once the kernel has turned a connection away. From then on it drops SYNs. */
  async fill(): Promise<void> {
    await this.#program.ask("fill");
  }

  /** Ends the connections. Their places are free once the listener's program has accepted them. */
  async empty(): Promise<void> {
    await this.#program.ask("empty");
  }

  [Symbol.dispose](): void {
    this.#program[Symbol.dispose]();
  }
}
