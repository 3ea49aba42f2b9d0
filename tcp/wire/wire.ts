/**
 * A socket and whoever owns it at the moment: an attempt first, then a connection.
 *
 * @module
 */

import type { Socket } from "node:net";
import { setImmediate } from "node:timers";
import type { SocketPlatform } from "../../ffi/libc.ts";
import { runtime, type RuntimeSocket } from "../../runtimes/mod.ts";
import type { Flow } from "./inbox.ts";
import { receiveNow } from "../kernel/receive.ts";
import type { SystemCallError } from "../kernel/socket.ts";

/** What an owner hears of its wire. */
export interface WireOwner {
  /** Bytes that arrived; theirs is a buffer that is used again, so copy what is to be kept. */
  onBytes(borrowed: Uint8Array): void;
  /** The peer has finished. */
  onEnd(): void;
  /** The connection broke; `onClose` follows. */
  onError(error: Error & { code?: string }): void;
  onClose(): void;
  /** What was written has left, and more is welcome. */
  onDrain?(): void;
}

/** Milliseconds that queued bytes may take to leave before the socket is closed all the same. */
const HANG_UP_TIMEOUT = 2_000;

/** Milliseconds to wait for the peer's FIN after that. */
const LINGER = 1_000;

/** Bytes that may be pulled before it is the event loop's turn again. */
const PULLED_AT_ONCE = 2 * 1024 * 1024;

/** A TCP socket whose events go to one owner; without an owner they are ignored. */
export class Wire implements Flow {
  readonly socket: RuntimeSocket;
  owner: WireOwner | undefined;
  #ended = false;
  /** Reads what has arrived, where that is cheaper than to be told of it. */
  #receive: (() => Uint8Array | undefined) | undefined;
  /** Whether there may be something: an event has told, and nothing that was read since. */
  #more = false;
  /** Bytes pulled in this turn of the event loop. */
  #pulled = 0;

  /** `make` makes the socket, which hands what it receives to the function it is given. */
  private constructor(make: (receive: (bytes: Uint8Array) => void) => RuntimeSocket) {
    this.socket = make((bytes) => {
      this.#more = true;
      this.#pulled = 0;
      this.owner?.onBytes(bytes);
    });
    this.socket
      .on("end", () => {
        this.#ended = true;
        this.owner?.onEnd();
      })
      .on("error", (error) => this.owner?.onError(error))
      .on("close", () => this.owner?.onClose())
      .on("drain", () => this.owner?.onDrain?.());
  }

  /** Adopts a descriptor, connected or connecting; the wire owns it from here on. */
  static adopt(platform: SocketPlatform, fd: number): Wire {
    const wire = new Wire((receive) => runtime.adopt(fd, receive));
    if (runtime.readsAfresh) wire.#receive = () => receiveNow(platform, fd);
    return wire;
  }

  /** Takes over a socket the runtime made. */
  static over(socket: Socket): Wire {
    return new Wire((receive) => socket.on("data", receive));
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  pull(): void {
    // Once the socket is destroyed, the number may be somebody else's.
    if (!this.#receive || !this.#more || this.socket.destroyed) return;
    if (this.#pulled >= PULLED_AT_ONCE) return this.#rest();
    let bytes: Uint8Array | undefined;
    try {
      bytes = this.#receive();
    } catch (error) {
      this.socket.destroy(error as SystemCallError); // The kernel tells it only once.
    }
    this.#more = bytes !== undefined;
    if (!bytes) return;
    this.#pulled += bytes.length;
    this.owner?.onBytes(bytes);
  }

  /** Lets the event loop have its turn, in which the socket must not read by itself. */
  #rest(): void {
    this.socket.pause();
    setImmediate(() => {
      if (this.socket.destroyed) return;
      this.#pulled = 0;
      this.socket.resume();
      this.pull();
    });
  }

  /**
   * Closes once what is queued has left and the peer has ended too, or `linger` milliseconds have
   * passed. What arrives meanwhile is dropped, but read: a socket closed over unread data resets the
   * connection, and the peer loses what it had not read yet.
   */
  hangUp(linger: number = LINGER): void {
    this.owner = undefined;
    const { socket } = this;
    const close = () => void socket.destroy();
    let timer = setTimeout(close, HANG_UP_TIMEOUT);
    socket.once("close", () => clearTimeout(timer));
    socket.end(() => {
      clearTimeout(timer);
      if (this.#ended || linger === 0) return close();
      timer = setTimeout(close, linger);
      socket.once("end", close);
    });
    socket.resume();
  }

  /** Closes at once. */
  destroy(): void {
    this.owner = undefined;
    this.socket.destroy();
  }
}
