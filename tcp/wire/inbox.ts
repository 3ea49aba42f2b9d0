/**
 * A bounded queue for bytes that have arrived and were not read yet.
 *
 * @module
 */

import { giveBack } from "../../base/buffers.ts";

/** What an inbox requires of its source. */
export interface Flow {
  /** Stops the source. This keeps memory bounded when the reader is slow. */
  pause(): void;
  resume(): void;
  /** A reader waits: the source should now deliver all that it can without waiting. */
  pull(): void;
}

/** Unread bytes at which the source is paused. */
const HIGH_WATER = 256 * 1024;

/**
 * Chunks below this size are joined when they pile up, so that a peer that sends single bytes costs
 * no more than a peer that sends them together.
 */
const SMALL = 4 * 1024;
const JOINED = 16 * 1024;

/** Bytes that wait: `bytes` from `start` to `end`. */
interface Chunk {
  readonly bytes: Uint8Array;
  start: number;
  end: number;
}

/** A read that waits for the first byte. */
interface Waiting {
  /** The reader's buffer; `undefined` if the reader wants a chunk. */
  readonly into: Uint8Array | undefined;
  /** How many bytes were written into the buffer already. */
  filled: number;
  wake(): void;
}

/** A queue of chunks with one end for the source and one for the reader. */
export class Inbox {
  /** Bytes that have come so far. */
  received = 0;
  #flow: Flow;
  #chunks: Chunk[] = [];
  #size = 0;
  #paused = false;
  #ended = false;
  #error: (() => unknown) | undefined;
  #waiting: Waiting[] = [];
  /** A reader that was woken and has not run yet. Its buffer can still take more bytes. */
  #filling: Waiting | undefined;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  /** Whether nothing more will come: the source has ended or failed. */
  get done(): boolean {
    return this.#ended || this.#error !== undefined;
  }

  /**
   * The buffer of a reader that waits, so that the source can write directly into it. The source
   * calls {@linkcode Inbox.filled} afterwards.
   */
  get room(): Uint8Array | undefined {
    if (this.#chunks.length > 0) return undefined;
    const reader = this.#filling ?? this.#waiting[0];
    // A buffer that was transferred to another thread meanwhile has length 0.
    return reader?.into?.length ? reader.into.subarray(reader.filled) : undefined;
  }

  /** Says that the first `length` bytes of {@linkcode Inbox.room} were written. */
  filled(length: number): void {
    if (length === 0) return;
    this.received += length;
    if (!this.#filling) {
      this.#filling = this.#waiting.shift();
      this.#filling?.wake();
    }
    if (this.#filling) this.#filling.filled += length;
  }

  /** Adds a chunk; the inbox owns it from here on. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0 || this.done) return;
    this.received += chunk.length;
    if (!this.#join(chunk)) this.#chunks.push({ bytes: chunk, start: 0, end: chunk.length });
    this.#size += chunk.length;
    if (!this.#paused && this.#size >= HIGH_WATER) {
      this.#paused = true;
      this.#flow.pause();
    }
    this.#wake();
  }

  /** Appends a small chunk to those that wait already; `false` if it must be queued by itself. */
  #join(chunk: Uint8Array): boolean {
    let last = this.#chunks.at(-1);
    if (!last || chunk.length >= SMALL) return false;
    // Only buffers made here are known to be unused behind their end.
    if (last.bytes.length !== JOINED || JOINED - last.end < chunk.length) {
      last = { bytes: new Uint8Array(JOINED), start: 0, end: 0 };
      this.#chunks.push(last);
    }
    last.bytes.set(chunk, last.end);
    last.end += chunk.length;
    return true;
  }

  /** The peer has finished. Queued bytes can still be read. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** The source failed. Queued bytes can still be read; then every read throws `error`. */
  fail(error: unknown): void {
    if (this.done) return;
    this.#error = () => error;
    this.#wake();
  }

  /**
   * Drops everything. Every waiting read and every later one throws what `error` makes. An error
   * made in advance would keep the frames of its stack alive.
   */
  close(error: () => unknown): void {
    this.#chunks = [];
    this.#size = 0;
    this.#ended = false;
    this.#error = error;
    this.#wake();
  }

  /** Takes all queued bytes at once. */
  drain(): Uint8Array[] {
    const chunks = this.#chunks.splice(0);
    this.#consumed(this.#size);
    return chunks.map(({ bytes, start, end }) => bytes.subarray(start, end));
  }

  /** The next whole chunk; `null` at the end. */
  async next(): Promise<Uint8Array | null> {
    while (this.#chunks.length === 0) {
      if (!this.#mayFill()) return null;
      await this.#wait(undefined);
    }
    const { bytes, start, end } = this.#chunks.shift() as Chunk;
    this.#consumed(end - start);
    return bytes.subarray(start, end);
  }

  /** Copies as many bytes as there are into `into`; `null` at the end. */
  async read(into: Uint8Array): Promise<number | null> {
    if (into.length === 0) return 0;
    while (this.#chunks.length === 0) {
      if (!this.#mayFill()) return null;
      const filled = await this.#wait(into);
      if (filled > 0) return filled;
    }
    let filled = 0;
    while (filled < into.length) {
      const chunk = this.#chunks[0];
      if (!chunk) break;
      const end = Math.min(chunk.end, chunk.start + into.length - filled);
      into.set(chunk.bytes.subarray(chunk.start, end), filled);
      filled += end - chunk.start;
      chunk.start = end;
      if (end < chunk.end) break;
      this.#chunks.shift();
      giveBack(chunk.bytes); // Completely copied, and never handed out.
    }
    this.#consumed(filled);
    return filled;
  }

  /** Whether an empty queue may fill again. Throws the error if the source has failed. */
  #mayFill(): boolean {
    if (this.#error) throw this.#error();
    return !this.#ended;
  }

  /** Resolves to how many bytes were written into `into`; 0 means that the queue has changed. */
  async #wait(into: Uint8Array | undefined): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting: Waiting = { into, filled: 0, wake: resolve };
    this.#waiting.push(waiting);
    this.#flow.pull();
    await promise;
    if (this.#filling === waiting) this.#filling = undefined;
    return waiting.filled;
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
