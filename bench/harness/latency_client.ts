/**
 * The benchmark's end of a client that connects when it is told to.
 *
 * @module
 */

import type { ChildProcess } from "node:child_process";
import process from "node:process";
import { createInterface, type Interface } from "node:readline";
import type { LatencyAnswer } from "../clients/latency.ts";
import type { Observation, Target } from "../clients/latency/way.ts";
import type { Spawn } from "./nginx.ts";
import { commandFor, type RuntimeName } from "./runtimes.ts";

/** A running client program. */
export class LatencyClient implements Disposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;
  readonly #end = () => this.#child.kill("SIGKILL");

  constructor(spawn: Spawn, runtime: RuntimeName, target: Target, env: NodeJS.ProcessEnv) {
    const program = new URL("../clients/latency.ts", import.meta.url);
    const [command, args] = commandFor(runtime, program, JSON.stringify(target));
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env });
    this.#reader = createInterface({ input: this.#child.stdout! });
    this.#lines = this.#reader[Symbol.asyncIterator]();
    process.once("exit", this.#end);
  }

  /** Lets it make one connection. Throws what went wrong there. */
  async ask(way: string): Promise<Observation> {
    this.#child.stdin!.write(`${way}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("A client ended");
    const answer: LatencyAnswer = JSON.parse(value);
    if ("error" in answer) throw new Error(answer.error);
    return answer;
  }

  [Symbol.dispose](): void {
    process.off("exit", this.#end);
    this.#reader.close();
    this.#end();
  }
}
