/**
 * The parent's end of the link process: starts it, asks it, ends it.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { programArguments } from "./program.ts";
import type { LinkAnswer, LinkConfig, LinkRequest } from "./protocol.ts";

/** `Omit` on each member of a union, where plain `Omit` would merge them. */
type WithoutId<T> = T extends unknown ? Omit<T, "id"> : never;

interface Waiting {
  resolve(answer: LinkAnswer): void;
  reject(error: Error): void;
}

export class LinkProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const end = (reason: string) => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`the link ${reason}`));
        this.#waiting.clear();
        resolve();
      };
      child.once("error", (error) => end(`did not start: ${error.message}`));
      child.once("exit", (code, signal) => end(`process ended (${signal ?? code})`));
    });
    child.stdin!.on("error", () => {}); // The process has ended. "exit" reports it.
    createInterface({ input: child.stdout! }).on("line", (line) => {
      const answer = JSON.parse(line) as LinkAnswer;
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.error === undefined) waiting?.resolve(answer);
      else waiting?.reject(new Error(answer.error));
    });
  }

  /** Resolves when both devices exist and packets are carried. */
  static async start(config: LinkConfig): Promise<LinkProcess> {
    const program = new URL("./link.ts", import.meta.url);
    const child = spawn(process.execPath, programArguments(program, JSON.stringify(config)), {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const link = new LinkProcess(child);
    await link.#answer(0);
    return link;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  ask(request: WithoutId<LinkRequest>): Promise<LinkAnswer> {
    const id = ++this.#lastId;
    const answer = this.#answer(id);
    this.#child.stdin!.write(`${JSON.stringify({ id, ...request })}\n`);
    return answer;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#ended;
  }

  #answer(id: number): Promise<LinkAnswer> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      return Promise.reject(new Error("the link process has ended"));
    }
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }
}
