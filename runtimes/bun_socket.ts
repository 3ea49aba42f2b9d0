/**
 * Adoption on Bun, by its own sockets: `node:net` puts its streams between them and us, and a download
 * pays for those.
 *
 * @module
 */

import { Writable } from "node:stream";
import type { RuntimeSocket } from "./runtime.ts";

/** The part of Bun's sockets used here, so that other runtimes need not have its types. */
interface BunSocket {
  /** Returns how much was taken; the rest is offered again when it asks to be filled. */
  write(bytes: Uint8Array): number;
  /** Ends the writing side. */
  shutdown(): void;
  close(): void;
  pause(): void;
  resume(): void;
  ref(): void;
  unref(): void;
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

/** What the socket has not taken yet. */
interface Rest {
  readonly bytes: Uint8Array;
  readonly done: (error?: Error | null) => void;
}

/** Bun's socket with the writing side of a Node one; what arrives goes to `receive`. */
export class AdoptedSocket extends Writable implements RuntimeSocket {
  #socket: BunSocket | undefined;
  #rest: Rest | undefined;
  #ended = false;

  constructor(fd: number, receive: (bytes: Uint8Array) => void) {
    super({ autoDestroy: false }); // Reading goes on after the end of writing.
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

  /** Called before the constructor returns, for there is nothing to wait for; nobody promises it. */
  #open(socket: BunSocket): void {
    if (this.destroyed) return socket.close();
    this.#socket = socket;
    this.#writeRest();
  }

  /** The peer has finished. After the end of writing Bun only says that the connection is closed. */
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
    const taken = Math.max(this.#socket.write(bytes), 0); // Negative once it is broken; it says why later.
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
