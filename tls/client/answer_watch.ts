/**
 * Whether the answer to early data asks for them once more (425, RFC 8470, section 5.2).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { clearTimeout, setTimeout } from "node:timers";
import type { ByteStream } from "../../tcp/wire/byte_stream.ts";

/** Bytes of an answer that are looked at. */
const MOST = 64 * 1024;

/**
 * Milliseconds that the beginning of an answer is held. It may want an answer itself: SETTINGS and PING of
 * HTTP/2 do, and servers that get none give up after ten seconds or more.
 */
const LONGEST = 5_000;

/** Looks at the beginning of an answer before anybody gets it. */
export class AnswerWatch {
  readonly #asksAgain: (answer: Uint8Array) => boolean | undefined;
  readonly #longest: number;
  readonly #held: Uint8Array[] = [];
  #size = 0;
  /** What comes after that: the end, or an error. */
  #then: (() => null) | undefined;
  #verdict: Promise<boolean> | undefined;
  /** Settles when something was read. */
  #reading: Promise<void> | undefined;
  readonly #over = Promise.withResolvers<false>();
  #isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    asksAgain: (answer: Uint8Array) => boolean | undefined,
    longest: number = LONGEST,
  ) {
    this.#asksAgain = asksAgain;
    this.#longest = longest;
  }

  /** Reads until it is known; then what was read is in {@linkcode AnswerWatch.next}. */
  judge(stream: Pick<ByteStream, "next">): Promise<boolean> {
    return this.#verdict ??= Promise.race([this.#judge(stream), this.#over.promise]);
  }

  /** Looks no longer: nothing can be sent again, so nothing is held. */
  end(): void {
    this.#isOver = true;
    this.#over.resolve(false);
    clearTimeout(this.#timer);
  }

  /** What was read meanwhile; `undefined` once all of that was handed out. */
  async next(): Promise<Uint8Array | null | undefined> {
    if (this.#held.length === 0) await this.#reading;
    return this.#held.shift() ?? this.#then?.();
  }

  async #judge(stream: Pick<ByteStream, "next">): Promise<boolean> {
    try {
      for (;;) {
        await (this.#reading = this.#read(stream));
        if (this.#isOver || this.#then) return false;
        const verdict = this.#asksAgain(Buffer.concat(this.#held));
        if (verdict !== undefined || this.#size >= MOST) return verdict === true;
        this.#timer ??= setTimeout(() => this.end(), this.#longest).unref();
      }
    } finally {
      clearTimeout(this.#timer);
    }
  }

  async #read(stream: Pick<ByteStream, "next">): Promise<void> {
    try {
      const chunk = await stream.next();
      if (chunk === null) this.#then = () => null;
      else this.#held.push(chunk);
      this.#size += chunk?.length ?? 0;
    } catch (error) {
      this.#then = () => {
        throw error;
      };
    }
  }
}
