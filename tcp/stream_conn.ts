/**
 * What all connections have in common: the shape of Deno's `Conn` over a stream of bytes.
 *
 * @module
 */

import { quoted } from "../base/authority.ts";
import { checkInside, type inside } from "../base/constructors.ts";
import { badArgument } from "../base/option_errors.ts";
import { ConnectError } from "./errors.ts";
import type { Known, NetAddr } from "./facts.ts";
import type { FastOpenResult } from "./outcome.ts";
import type { ByteStream } from "./wire/byte_stream.ts";

function checkBytes(p: unknown): void {
  if (!(p instanceof Uint8Array)) throw badArgument("p", "a Uint8Array", p);
}

/**
 * Closes connections that were dropped without being closed. No object below a connection refers to
 * it, so that it can be collected. A pending read or write keeps it alive through its own frame.
 */
const dropped = new FinalizationRegistry<ByteStream>((stream) => stream.close());

/** Whether a connection was closed; it is not kept alive by being told. */
interface Life {
  isOver: boolean;
}

function closeWhenDropped(conn: StreamConn, stream: ByteStream): Life {
  const life = { isOver: false };
  dropped.register(conn, stream, stream);
  stream.onRelease = () => {
    life.isOver = true;
    dropped.unregister(stream);
  };
  return life;
}

function inUse({ remoteAddr }: StreamConn, why: string): ConnectError {
  const { hostname, port } = remoteAddr;
  const message = `The connection to ${quoted({ hostname, port })} is in use: ${why}`;
  return new ConnectError("IN_USE", message, { hostname, port });
}

/**
 * Gives the bytes of a connection to a socket of Node's shape. That reads by itself, so no finalizer
 * closes the connection any more.
 */
export let handOver: (conn: StreamConn) => void;

/**
 * Checks that a connection could be handed over, or was so already.
 *
 * @throws {ConnectError} `IN_USE` while a read or a write is under way, or a stream was taken
 */
export let checkFree: (conn: StreamConn) => void;

/**
 * Lends a connection to another one that is made over it. Until the function that is returned is called,
 * closing it is up to the other, whose last words would be lost otherwise.
 */
export let lendConn: (conn: StreamConn) => () => void;

/** What {@linkcode TcpConn} and `TlsConn` have in common. */
export abstract class StreamConn {
  #stream: ByteStream;
  #known: Known;
  readonly #life: Life;
  /** Reads and writes under way. */
  #pending = 0;
  #hasSocket = false;
  #isLent = false;
  #readable: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  #writable: WritableStream<Uint8Array<ArrayBufferLike>> | undefined;

  /** Connections are made by the functions that open them. */
  protected constructor(key: typeof inside, stream: ByteStream, known: Known) {
    checkInside(key, "connect and its like make connections");
    this.#stream = stream;
    this.#known = known;
    this.#life = closeWhenDropped(this, stream);
  }

  static {
    checkFree = (conn) => {
      if (conn.#pending === 0 && !conn.#readable && !conn.#writable) return;
      throw inUse(conn, "by a read, a write or a stream of it, which would lose bytes");
    };
    lendConn = (conn) => {
      conn.#isLent = true;
      return () => {
        conn.#isLent = false;
      };
    };
    handOver = (conn) => {
      checkFree(conn);
      conn.#hasSocket = true;
      dropped.unregister(conn.#stream);
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
   * @throws {ConnectError} `CONNECTION_CLOSED` after `close()`; `IN_USE` once `duplex` has the bytes;
   * another code when the connection was cut or broken and all bytes that had arrived before were read. Over TLS that may be a
   * `TlsError`
   */
  async read(p: Uint8Array): Promise<number | null> {
    checkBytes(p);
    return await this.#use(() => this.#stream.read(p));
  }

  /**
   * Writes all of `p`. Resolves when `p` may be reused and the peer keeps up. Await it before the
   * next write; otherwise memory grows with the bytes that the peer has not taken.
   *
   * @returns the length of `p`
   * @throws {OptionError} when `p` is not a Uint8Array
   * @throws {ConnectError} `CONNECTION_CLOSED` after `close()` or `closeWrite()`; `IN_USE` once `duplex`
   * has the bytes; another code when the connection is broken, which over TLS may be a `TlsError`
   */
  async write(p: Uint8Array): Promise<number> {
    checkBytes(p);
    const { length } = p;
    await this.#use(() => this.#stream.write(p));
    return length;
  }

  /** Ends the writing side and tells the peer. Reading goes on. */
  async closeWrite(): Promise<void> {
    await this.#use(() => this.#stream.closeWrite());
  }

  /** Closes both directions and frees everything. A second call does nothing. */
  close(): void {
    if (!this.#isLent) this.#stream.close();
  }

  /** The bytes that arrive, as a stream. Cancelling it closes the connection. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#checkFace();
    return this.#readable ??= new ReadableStream({
      pull: async (controller) => {
        const chunk = await this.#use(() => this.#stream.next());
        if (chunk === null) controller.close();
        else controller.enqueue(chunk as Uint8Array<ArrayBuffer>);
      },
      cancel: () => this.close(),
    }, { highWaterMark: 0 });
  }

  /** The bytes to send, as a stream. Closing it ends the writing side; aborting closes both. */
  get writable(): WritableStream<Uint8Array<ArrayBufferLike>> {
    this.#checkFace();
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

  /** Uses the stream. Until that is done, `this` stays reachable, so that no finalizer closes it. */
  async #use<T>(work: () => Promise<T>): Promise<T> {
    this.#checkFace();
    this.#pending++;
    try {
      return await work();
    } finally {
      this.#pending--;
    }
  }

  #checkFace(): void {
    if (this.#hasSocket && !this.#life.isOver) {
      throw inUse(this, "its duplex has the bytes; read and write there");
    }
  }
}
