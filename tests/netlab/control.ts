/**
 * The link process's end of the pipe to its parent. It uses system calls, because the process never
 * returns to its event loop, which streams need.
 *
 * @module
 */

import { libc } from "./libc.ts";
import type { LinkAnswer, LinkRequest } from "./protocol.ts";

export const STDIN = 0;
export const STDOUT = 1;

/**
 * A writable pipe takes at least this many bytes without blocking (PIPE_BUF; sockets take more).
 */
const CHUNK = 4096;

export class ControlChannel {
  readonly #incoming = new Uint8Array(65536);
  readonly #decoder = new TextDecoder();
  #partial = "";
  #outgoing: Uint8Array = new Uint8Array(0);

  /** Reads the requests that came, once stdin is readable; `undefined` when the parent is gone. */
  receive(): LinkRequest[] | undefined {
    const length = libc.read(STDIN, this.#incoming, BigInt(this.#incoming.length));
    if (length <= 0) return undefined;
    const text = this.#decoder.decode(this.#incoming.subarray(0, length), { stream: true });
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    return lines.map((line) => JSON.parse(line) as LinkRequest);
  }

  send(answer: LinkAnswer): void {
    const line = new TextEncoder().encode(`${JSON.stringify(answer)}\n`);
    const joined = new Uint8Array(this.#outgoing.length + line.length);
    joined.set(this.#outgoing);
    joined.set(line, this.#outgoing.length);
    this.#outgoing = joined;
  }

  get hasOutgoing(): boolean {
    return this.#outgoing.length > 0;
  }

  /** Writes a part of the outgoing bytes, once stdout is writable. */
  flush(): void {
    const piece = this.#outgoing.subarray(0, CHUNK);
    const written = libc.write(STDOUT, piece, BigInt(piece.length));
    if (written > 0) this.#outgoing = this.#outgoing.subarray(written);
  }
}
