/**
 * Adopts a descriptor with Bun's own sockets. `node:net` would add its streams on top of these
 * sockets and slow down a download.
 *
 * @module
 */

import { Writable } from "node:stream";
import type { RuntimeSocket } from "./runtime.ts";

/** The part of Bun's sockets used here, so that other runtimes need not have its types. */
interface BunSocket {
  /** Returns how many bytes were taken. The caller offers the rest again on `drain`. */
  write(bytes: Uint8Array): number;
  /** Ends the writing side. */
  shutdown(): void;
  close(): void;
  pause(): void;
  resume(): void;
  ref(): void;
  unref(): void;
  /** In milliseconds, rounded to seconds. */
  setKeepAlive(enable: boolean, initialDelay: number): boolean;
  setNoDelay(enable: boolean): boolean;
  /** Closes by a reset. */
  terminate(): void;
}

declare const Bun: {
  connect(options: {
    fd: number;
    allowHalfOpen: true;
    socket: {
      binaryType: "uint8array";
      open(socket: BunSocket): void;
      data(socket: BunSocket, bytes: Uint8Array): void;
      drain(): void;
      end(): void;
      close(socket: BunSocket, error?: Error): void;
    };
  }): Promise<BunSocket>;
};

/** Bytes that the socket has not taken yet. */
interface Rest {
  readonly bytes: Uint8Array;
  readonly done: (error?: Error | null) => void;
}

/** A Bun socket with the writing side of a Node socket. Bytes that arrive go to `receive`. */
export class AdoptedSocket extends Writable implements RuntimeSocket {
  #socket: BunSocket | undefined;
  #rest: Rest | undefined;
  #ended = false;
  #whyRefused: () => Error | undefined;

  /** See `Runtime.adopt`. */
  constructor(
    fd: number,
    receive: (bytes: Uint8Array) => void,
    whyRefused: () => Error | undefined,
  ) {
    super({ autoDestroy: false }); // Reading goes on after the end of writing.
    this.#whyRefused = whyRefused;
    Bun.connect({
      fd,
      allowHalfOpen: true,
      socket: {
        binaryType: "uint8array",
        open: (socket) => this.#open(socket),
        data: (_socket, bytes) => receive(bytes),
        drain: () => this.#writeRest(),
        end: () => this.#end(),
        close: (_socket, error) => {
          this.#socket = undefined;
          if (!error) this.#end();
          this.destroy(error);
        },
      },
    }).catch((error) => this.destroy(error));
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  ref(): void {
    this.#socket?.ref();
  }

  unref(): void {
    this.#socket?.unref();
  }

  setKeepAlive(enable: boolean, initialDelay: number): void {
    this.#socket?.setKeepAlive(enable, Math.trunc(initialDelay)); // Bun throws for a fraction.
  }

  setNoDelay(enable: boolean): void {
    this.#socket?.setNoDelay(enable);
  }

  resetAndDestroy(): void {
    this.#socket?.terminate();
    this.destroy();
  }

  /** Bun calls this, without promising it, before the constructor returns: no wait is needed. */
  #open(socket: BunSocket): void {
    if (this.destroyed) return socket.close();
    this.#socket = socket;
    this.#writeRest();
  }

  /** The peer has finished. Once the writing side has ended, Bun calls only `close`, not `end`. */
  #end(): void {
    if (this.#ended || this.destroyed) return;
    this.#ended = true;
    this.emit("end");
  }

  override _write(bytes: Uint8Array, _encoding: string, done: Rest["done"]): void {
    this.#rest = { bytes, done };
    this.#writeRest();
  }

  #writeRest(): void {
    if (!this.#rest || !this.#socket) return;
    const { bytes, done } = this.#rest;
    const taken = this.#socket.write(bytes);
    if (taken <= 0 && bytes.length > 0) {
      // The socket is full or broken, and Bun does not say which: a broken one would seem to end.
      const error = this.destroyed ? undefined : this.#whyRefused();
      if (error) this.destroy(error);
      return;
    }
    this.#rest = taken < bytes.length ? { bytes: bytes.subarray(taken), done } : undefined;
    if (!this.#rest) done();
  }

  override _final(done: () => void): void {
    this.#socket?.shutdown();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const rest = this.#rest;
    this.#rest = undefined;
    this.#socket?.close();
    rest?.done(error ?? new Error("The socket was closed"));
    done(error);
  }
}
