/**
 * A connection that is not made yet, as a stream of bytes.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import { quoted } from "../base/authority.ts";
import { Keep, type Kept } from "./wire/keep.ts";
import { ConnectError } from "./errors.ts";
import type { Destination } from "./options.ts";
import type { ByteStream } from "./wire/byte_stream.ts";
import { closedHere } from "./wire/ends.ts";

/** What a connection is made of, and when. */
export interface PendingOptions<S extends ByteStream> {
  /** `connectTimeout` counts from the start, also while nothing is written. */
  readonly destination: Destination;
  /** Makes the connection. It sends `first`, if there is any. */
  connect(first: Uint8Array | undefined, limits: Limits): Promise<S>;
  /** What to do where nothing was written in time, in words. */
  readonly advice: string;
}

/** What is left of a destination's patience, and what keeps the process alive meanwhile. */
export type Limits = Pick<Destination, "signal" | "connectTimeout"> & Kept;

/**
 * Takes the place of a connection until it is made. It is made by `begin()`, or by the first write: with
 * everything that is written in the same turn of the event loop, so that a request may be written in
 * pieces.
 */
export class PendingStream<S extends ByteStream> implements ByteStream {
  onRelease: (() => void) | undefined;
  readonly #options: PendingOptions<S>;
  readonly #startedAt = performance.now();
  readonly #standing = Promise.withResolvers<void>();
  readonly #closing = new AbortController();
  #stream: S | undefined;
  #isBegun = false;
  #first: Uint8Array[] = [];
  #isReferenced = true;
  readonly #keep = new Keep();
  /** Ends the wait for a first write. */
  readonly #patience: ReturnType<typeof setTimeout>;
  /** What was asked of the socket, for the one that is made, and for one in its place. */
  readonly #wishes = new Map<"keepAlive" | "noDelay", (stream: S) => void>();

  constructor(options: PendingOptions<S>) {
    this.#options = options;
    const { signal, connectTimeout } = options.destination;
    this.#standing.promise.catch(() => {}); // Each read and write gets the error itself.
    this.#patience = setTimeout(() => this.#giveUp(this.#nothingWritten()), connectTimeout);
    this.#patience.unref(); // Nobody waits yet.
    signal?.addEventListener("abort", this.#onAbort);
    if (signal?.aborted) this.#onAbort();
  }

  /** The connection, once it is made. */
  get stream(): S | undefined {
    return this.#stream;
  }

  /** Resolves to the connection when it is made. Does not make it. */
  async standing(): Promise<S> {
    if (!this.#stream) await this.#awaitStanding();
    return this.#stream!;
  }

  /** Makes the connection, with what was written so far. */
  begin(): Promise<S> {
    this.#connect();
    return this.standing();
  }

  async read(p: Uint8Array): Promise<number | null> {
    return await (await this.standing()).read(p);
  }

  async next(): Promise<Uint8Array | null> {
    return await (await this.standing()).next();
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isBegun) return await (await this.standing()).write(bytes);
    if (bytes.length > 0) {
      this.#first.push(new Uint8Array(bytes)); // A copy: it may be sent again, after this write.
      if (this.#first.length === 1) setImmediate(() => this.#connect());
      await this.standing();
    }
  }

  async closeWrite(): Promise<void> {
    await (await this.begin()).closeWrite();
  }

  close(): void {
    this.#giveUp(closedHere(this.#options.destination));
    this.#stream?.close();
  }

  reset(): void {
    if (this.#stream) this.#stream.reset();
    else this.close();
  }

  ref(): void {
    this.#isReferenced = true;
    this.#keep.ref();
    this.#stream?.ref();
  }

  unref(): void {
    this.#isReferenced = false;
    this.#patience.unref();
    this.#keep.unref();
    this.#stream?.unref();
  }

  setKeepAlive(enable: boolean, initialDelay: number): void {
    this.#wish("keepAlive", (stream) => stream.setKeepAlive(enable, initialDelay));
  }

  setNoDelay(enable: boolean): void {
    this.#wish("noDelay", (stream) => stream.setNoDelay(enable));
  }

  #wish(what: "keepAlive" | "noDelay", act: (stream: S) => void): void {
    this.#wishes.set(what, act);
    if (this.#stream) act(this.#stream);
  }

  /** Puts another connection into the place of the one that was made. */
  protected replace(stream: S): void {
    if (this.#closing.signal.aborted) return stream.close();
    this.#stream = stream;
    stream.onRelease = () => this.onRelease?.();
    if (!this.#isReferenced) stream.unref();
    for (const act of this.#wishes.values()) act(stream);
  }

  #awaitStanding(): Promise<void> {
    if (!this.#isBegun && this.#isReferenced) this.#patience.ref(); // Somebody waits.
    return this.#standing.promise;
  }

  #connect(): void {
    if (this.#isBegun || this.#closing.signal.aborted) return;
    this.#isBegun = true;
    this.#endPatience();
    const { destination: { signal: given, connectTimeout }, connect } = this.#options;
    const first = Buffer.concat(this.#first.splice(0));
    const { signal } = this.#closing;
    connect(first.length > 0 ? first : undefined, {
      signal: given ? AbortSignal.any([given, signal]) : signal,
      keep: this.#keep,
      connectTimeout: Math.max(1, connectTimeout - (performance.now() - this.#startedAt)),
    }).then((stream) => this.#stand(stream), (error) => this.#fail(error));
  }

  #stand(stream: S): void {
    this.replace(stream);
    if (this.#stream) this.#standing.resolve();
  }

  readonly #onAbort = () => this.#giveUp(this.#options.destination.signal?.reason);

  #giveUp(reason: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(reason);
    this.#fail(reason);
  }

  #fail(error: unknown): void {
    this.#endPatience();
    if (this.#stream) return;
    this.#first = [];
    this.#standing.reject(error);
    this.onRelease?.();
  }

  #endPatience(): void {
    clearTimeout(this.#patience);
    this.#options.destination.signal?.removeEventListener("abort", this.#onAbort);
  }

  #nothingWritten(): ConnectError {
    const { destination: { hostname, port, connectTimeout }, advice } = this.#options;
    return new ConnectError(
      "TIMED_OUT",
      `Nothing was written to ${quoted({ hostname, port })} within ${connectTimeout} ms; ${advice}`,
      { hostname, port },
    );
  }
}
