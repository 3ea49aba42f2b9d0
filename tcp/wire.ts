/**
 * A socket and whoever owns it at the moment: an attempt first, then a connection.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import { runtime } from "../runtimes/mod.ts";

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

/** A TCP socket whose events go to one owner; without an owner they are ignored. */
export class Wire {
  readonly socket: Socket;
  owner: WireOwner | undefined;
  #ended = false;

  /** `make` makes the socket, which hands what it receives to the function it is given. */
  private constructor(make: (receive: (bytes: Uint8Array) => void) => Socket) {
    this.socket = make((bytes) => this.owner?.onBytes(bytes));
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
  static adopt(fd: number): Wire {
    return new Wire((receive) => runtime.adopt(fd, receive));
  }

  /** Connects by the runtime itself. */
  static connect(host: string, port: number): Wire {
    return Wire.over(connect({ host, port, noDelay: true, allowHalfOpen: true }));
  }

  /** Takes over a socket the runtime made. */
  static over(socket: Socket): Wire {
    return new Wire((receive) => socket.on("data", receive));
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
