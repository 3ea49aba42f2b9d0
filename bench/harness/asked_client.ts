/**
 * The benchmark's side of its dialogue with a client program, which answers one question at a time.
 *
 * @module
 */

import process from "node:process";
import { LineProcess } from "../../tests/netlab/mod.ts";
import type { Answer } from "../clients/answers.ts";
import type { Spawn } from "./nginx.ts";
import { commandFor, type RuntimeName, underFlag } from "./runtimes.ts";

export interface AskedClientOptions {
  /** The program's environment. Default this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** The program's arguments, written as JSON. Default none. */
  readonly args?: readonly object[];
  /** Whether it runs under the flag of `register.ts`. Default false. */
  readonly flagged?: boolean;
}

/** A running client program. */
export class AskedClient<Question, Finding> implements Disposable {
  readonly #program: LineProcess;

  constructor(
    spawn: Spawn,
    runtime: RuntimeName,
    program: URL,
    { env = process.env, args = [], flagged = false }: AskedClientOptions = {},
  ) {
    const texts = args.map((arg) => JSON.stringify(arg));
    const line = commandFor(runtime, program, ...texts);
    const [command, all] = flagged ? underFlag(runtime, line) : line;
    const child = spawn(command, all, { stdio: ["pipe", "pipe", "inherit"], env });
    this.#program = new LineProcess(child);
  }

  /** Asks the program. Throws the error that happened there. */
  async ask(question: Question): Promise<Finding> {
    const line = await this.#program.ask(JSON.stringify(question));
    const answer: Answer<Finding> = JSON.parse(line);
    if ("finding" in answer) return answer.finding;
    throw Object.assign(new Error(answer.error), { code: answer.code });
  }

  [Symbol.dispose](): void {
    this.#program[Symbol.dispose]();
  }
}
