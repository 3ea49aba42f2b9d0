/**
 * What all connections have in common: the shape of Deno's `Conn` over a stream of bytes.
 *
 * @module
 */

import { checkInside, type inside } from "../base/constructors.ts";
import { badArgument } from "../base/option_errors.ts";
import { ConnectError } from "./errors.ts";
import type { Known, NetAddr } from "./facts.ts";
import type { FastOpenResult } from "./outcome.ts";
import type { ByteStream } from "./wire/byte_stream.ts";

function checkBytes(p: unknown): void {
  if (!(p instanceof Uint8Array)) throw badArgument("p", "a Uint8Array", p);
}

function lentAway(): ConnectError {
  const message = "What arrives on the connection is for TLS that was started on it";
  return new ConnectError("CONNECTION_CLOSED", message);
}

/**
 * Closes connections that were dropped without being closed. No object below a connection refers to
 * it, so that it can be collected. A pending read or write keeps it alive through its own frame.
 */
const dropped = new FinalizationRegistry<ByteStream>((stream) => stream.close());

function closeWhenDropped(conn: StreamConn, stream: ByteStream): void {
  dropped.register(conn, stream, stream);
  stream.onRelease = () => dropped.unregister(stream);
}

/**
 * Lends a connection to another one that is made over it. Until the function that is returned is
 * called, its caller can neither read from it nor close it: both are up to the other.
 *
 * @param argument the caller's name for `conn`, for the error
 * @throws {OptionError} while a read is under way, which would take the first bytes
 * @throws {ConnectError} `CONNECTION_CLOSED` when it is lent already
 */
export let lendConn: (conn: StreamConn, argument: string) => () => void;

/** What {@linkcode TcpConn} and `TlsConn` have in common. */
export abstract class StreamConn {
  #stream: ByteStream;
  #known: Known;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #writable: WritableStream<Uint8Array<ArrayBufferLike>> | undefined;
  /** The number of reads under way. */
  #reads = 0;
  #isLent = false;

  /** Connections are made by the functions that open them. */
  protected constructor(key: typeof inside, stream: ByteStream, known: Known) {
    checkInside(key, "connect and its like make connections");
    this.#stream = stream;
    this.#known = known;
    closeWhenDropped(this, stream);
  }

  static {
    lendConn = (conn, argument) => {
      if (conn.#isLent) throw lentAway();
      if (conn.#reads > 0) {
        throw badArgument(argument, "a connection without a read under way", conn);
      }
      conn.#isLent = true;
      return () => {
        conn.#isLent = false;
      };
    };
  }

  /** This end. */
  get localAddr(): NetAddr {
    return this.#known.facts.localAddr;
  }

  /** The other end. */
  get remoteAddr(): NetAddr {
    return this.#known.facts.remoteAddr;
  }

  /** How Fast Open ended, as the kernel told it when the connection was established. */
  get fastOpen(): FastOpenResult {
    return this.#known.facts.fastOpen;
  }

  /**
   * Reads bytes that have arrived into `p`. Waits if there are none.
   *
   * @returns the number of bytes, at least 1 unless `p` is empty; `null` at the end of data
   * @throws {OptionError} when `p` is not a Uint8Array
   * @throws {ConnectError} `CONNECTION_CLOSED` after `close()`; another code when the connection
   * was cut or broken and all bytes that had arrived before were read. Over TLS that may be a
   * `TlsError`
   */
  async read(p: Uint8Array): Promise<number | null> {
    checkBytes(p);
    return await this.#read((stream) => stream.read(p));
  }

  /**
   * Writes all of `p`. Resolves when `p` may be reused and the peer keeps up. Await it before the
   * next write; otherwise memory grows with the bytes that the peer has not taken.
   *
   * @returns the length of `p`
   * @throws {OptionError} when `p` is not a Uint8Array
   * @throws {ConnectError} `CONNECTION_CLOSED` after `close()` or `closeWrite()`; another code when
   * the connection is broken, which over TLS may be a `TlsError`
   */
  async write(p: Uint8Array): Promise<number> {
    checkBytes(p);
    const { length } = p;
    try {
      await this.#stream.write(p);
      return length;
    } finally {
      this.#hold();
    }
  }

  /** Ends the writing side and tells the peer. Reading goes on. */
  async closeWrite(): Promise<void> {
    await this.#stream.closeWrite();
  }

  /** Closes both directions and frees everything. A second call does nothing. */
  close(): void {
    if (!this.#isLent) this.#stream.close();
  }

  /** The bytes that arrive, as a stream. Cancelling it closes the connection. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#readable ??= new ReadableStream({
      pull: async (controller) => {
        const chunk = await this.#read((stream) => stream.next());
        if (chunk === null) controller.close();
        else controller.enqueue(chunk as Uint8Array<ArrayBuffer>);
      },
      cancel: () => this.close(),
    }, { highWaterMark: 0 });
  }

  /** The bytes to send, as a stream. Closing it ends the writing side; aborting closes both. */
  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    return this.#writable ??= new WritableStream({
      write: async (chunk) => {
        await this.write(chunk);
      },
      close: () => this.closeWrite(),
      abort: () => this.close(),
    });
  }

  /** Lets the connection keep the process alive; the default. */
  ref(): void {
    this.#stream.ref();
  }

  /** Lets the process end while the connection is open. */
  unref(): void {
    this.#stream.unref();
  }

  /** Closes the connection; for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Ends the writing side, then closes the connection; for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isLent) return;
    try {
      await this.closeWrite();
    } catch {
      // The connection was broken already; only closing it is left to do.
    } finally {
      this.close();
    }
  }

  /** Reads. The `finally` keeps `this` reachable, so that its finalizer does not close it. */
  async #read<T>(read: (stream: ByteStream) => Promise<T>): Promise<T> {
    if (this.#isLent) throw lentAway();
    this.#reads++;
    try {
      return await read(this.#stream);
    } finally {
      this.#reads--;
    }
  }

  /** Keeps `this` reachable during a write, so that its finalizer does not close it. */
  #hold(): void {}
}
