/**
 * A socket and its current owner: an attempt first, then a connection.
 *
 * @module
 */

import type { Socket } from "node:net";
import { setImmediate } from "node:timers";
import type { SocketPlatform } from "../../ffi/libc.ts";
import { runtime, type RuntimeSocket } from "../../runtimes/mod.ts";
import type { Flow } from "./inbox.ts";
import { failureOf } from "../kernel/failed_call.ts";
import { receiveNow } from "../kernel/receive.ts";
import { SystemCallError } from "../kernel/socket.ts";

/** The events that an owner gets from its wire. */
export interface WireOwner {
  /** Bytes have arrived. Their buffer is reused, so the owner must copy what it keeps. */
  onBytes(borrowed: Uint8Array): void;
  /** The peer has finished. */
  onEnd(): void;
  /** The connection broke; `onClose` follows. */
  onError(error: Error & { code?: string }): void;
  onClose(): void;
  /** All written bytes were handed to the kernel, and more may be written. */
  onDrain?(): void;
}

/** Milliseconds that sending the queued bytes may take before the socket is closed anyway. */
const HANG_UP_TIMEOUT = 2_000;

/** Milliseconds to wait for the peer's FIN after the queued bytes were sent. */
const LINGER = 1_000;

/** Bytes that may be pulled before the event loop must have its turn. */
const PULLED_AT_ONCE = 2 * 1024 * 1024;

/** A TCP socket whose events go to one owner. Without an owner they are ignored. */
export class Wire implements Flow {
  readonly socket: RuntimeSocket;
  owner: WireOwner | undefined;
  #ended = false;
  /** Reads bytes that have arrived, where this is cheaper than events of the socket. */
  #receive: (() => Uint8Array | undefined) | undefined;
  /** Whether there may be bytes to read: set by an event, cleared when a read finds none. */
  #mayHaveMore = false;
  /** Bytes pulled since the last event, or since the event loop last had its turn. */
  #pulled = 0;

  /** `make` makes the socket; the socket must hand all bytes that it receives to `receive`. */
  private constructor(make: (receive: (bytes: Uint8Array) => void) => RuntimeSocket) {
    this.socket = make((bytes) => {
      this.#mayHaveMore = true;
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
    const whyRefused = () => {
      const failure = failureOf(platform, fd, "EAGAIN");
      return failure && new SystemCallError("write", failure.errno);
    };
    const wire = new Wire((receive) => runtime.adopt(fd, receive, whyRefused));
    if (runtime.readsAfresh) wire.#receive = () => receiveNow(platform, fd);
    return wire;
  }

  /** Takes over what `listen` makes a socket of, such as a stream of somebody else. */
  static through(listen: (receive: (bytes: Uint8Array) => void) => RuntimeSocket): Wire {
    return new Wire(listen);
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
    // Once the socket is destroyed, its number may belong to another socket.
    if (!this.#receive || !this.#mayHaveMore || this.socket.destroyed) return;
    if (this.#pulled >= PULLED_AT_ONCE) return this.#rest();
    let bytes: Uint8Array | undefined;
    try {
      bytes = this.#receive();
    } catch (error) {
      this.socket.destroy(error as SystemCallError); // The kernel tells an error only once.
    }
    this.#mayHaveMore = bytes !== undefined;
    if (!bytes) return;
    this.#pulled += bytes.length;
    this.owner?.onBytes(bytes);
  }

  /** Lets the event loop have its turn. The socket must not read by itself in that turn. */
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
   * passed. What arrives meanwhile is read, since a socket closed over unread data resets the
   * connection, and the peer loses what it had not read yet; it goes to `owner`, if there is one.
   */
  hangUp(linger: number = LINGER, owner?: WireOwner): void {
    this.owner = owner;
    const { socket } = this;
    const close = () => void socket.destroy();
    let timer = setTimeout(close, HANG_UP_TIMEOUT);
    socket.once("close", () => clearTimeout(timer));
    socket.end(() => {
      clearTimeout(timer);
      if (socket.destroyed) return;
      if (this.#ended || linger === 0) return close();
      timer = setTimeout(close, linger);
      socket.once("end", close);
    });
    socket.resume();
  }

  /** Lets it keep the process alive. */
  ref(): void {
    if (!this.socket.destroyed) this.socket.ref(); // Node's remember each call until they connect again.
  }

  /** Lets the process end. */
  unref(): void {
    if (!this.socket.destroyed) this.socket.unref();
  }

  /** Closes at once. */
  destroy(): void {
    this.owner = undefined;
    this.socket.destroy();
  }
}
