/**
 * What has arrived and was not read yet, bounded.
 *
 * @module
 */

/** Stops and restarts the source; what keeps memory bounded when the reader is slow. */
export interface Flow {
  pause(): void;
  resume(): void;
}

/** Unread bytes at which the source is paused. */
const HIGH_WATER = 256 * 1024;

/** A read that waits for the first byte. */
interface Waiting {
  /** Where the reader wants it. */
  readonly into: Uint8Array | undefined;
  /** Tells it to look again, or how much was put there already. */
  wake(filled?: number): void;
}

/** A queue of chunks with one end for the source and one for the reader. */
export class Inbox {
  #flow: Flow;
  #chunks: Uint8Array[] = [];
  #size = 0;
  #paused = false;
  #ended = false;
  #error: unknown;
  #waiting: Waiting[] = [];

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  /** Whether nothing more will come: ended or failed. */
  get done(): boolean {
    return this.#ended || this.#error !== undefined;
  }

  /**
   * The buffer of a reader who waits, so that the source can write into it without a detour; tell
   * {@linkcode Inbox.filled} afterwards.
   */
  get room(): Uint8Array | undefined {
    return this.#chunks.length === 0 ? this.#waiting[0]?.into : undefined;
  }

  /** Says that the first `length` bytes of {@linkcode Inbox.room} were written. */
  filled(length: number): void {
    if (length > 0) this.#waiting.shift()?.wake(length);
  }

  /** Adds a chunk; the inbox owns it from here on. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0 || this.done) return;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (!this.#paused && this.#size >= HIGH_WATER) {
      this.#paused = true;
      this.#flow.pause();
    }
    this.#wake();
  }

  /** The peer has finished. What is queued can still be read. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The source broke. What is queued can still be read; then every read throws `error`. */
  fail(error: unknown): void {
    if (this.done) return;
    this.#error = error;
    this.#wake();
  }

  /** Drops everything: every read from now on, and every waiting one, throws `error`. */
  close(error: unknown): void {
    this.#chunks = [];
    this.#size = 0;
    this.#ended = false;
    this.#error = error;
    this.#wake();
  }

  /** Takes everything queued, at once. */
  drain(): Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#consumed(this.#size);
    return chunks;
  }

  /** The next chunk whole, `null` at the end. */
  async next(): Promise<Uint8Array | null> {
    while (this.#chunks.length === 0) {
      if (!this.#more()) return null;
      await this.#wait(undefined);
    }
    const chunk = this.#chunks.shift() as Uint8Array;
    this.#consumed(chunk.length);
    return chunk;
  }

  /** Copies as much as is there into `into`; `null` at the end. */
  async read(into: Uint8Array): Promise<number | null> {
    if (into.length === 0) return 0;
    while (this.#chunks.length === 0) {
      if (!this.#more()) return null;
      const filled = await this.#wait(into);
      if (filled > 0) return filled;
    }
    let filled = 0;
    while (filled < into.length) {
      const chunk = this.#chunks[0];
      if (!chunk) break;
      const part = chunk.subarray(0, into.length - filled);
      into.set(part, filled);
      filled += part.length;
      if (part.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(part.length);
    }
    this.#consumed(filled);
    return filled;
  }

  /** Whether an empty queue may fill again; throws what the source broke with. */
  #more(): boolean {
    if (this.#error !== undefined) throw this.#error;
    return !this.#ended;
  }

  #wait(into: Uint8Array | undefined): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#waiting.push({ into, wake: (filled = 0) => resolve(filled) });
    return promise;
  }

  #consumed(bytes: number): void {
    this.#size -= bytes;
    if (this.#paused && this.#size < HIGH_WATER / 2) {
      this.#paused = false;
      if (!this.done) this.#flow.resume();
    }
    if (this.#chunks.length > 0) this.#wake();
  }

  #wake(): void {
    if (this.done) { for (const waiting of this.#waiting.splice(0)) waiting.wake(); }
    else this.#waiting.shift()?.wake();
  }
}
