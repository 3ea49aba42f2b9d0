/**
 * A stream of somebody else in the place of a wire's socket: a `net.Socket`, a channel of SSH, a
 * WebSocket, one end of a pair.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type Duplex, Writable } from "node:stream";
import type { RuntimeSocket } from "../../runtimes/mod.ts";
import { transportBroken } from "../errors.ts";
import type { Peer } from "./ends.ts";

/** What a stream may have beyond a `Duplex`. Sockets have it. */
interface SocketParts {
  readonly connecting?: unknown;
  ref?(): unknown;
  unref?(): unknown;
  setKeepAlive?(enable: boolean, initialDelay: number): unknown;
  setNoDelay?(enable: boolean): unknown;
  resetAndDestroy?(): unknown;
}

/**
 * A stream with the face of a socket. Until {@linkcode TransportSocket.listen} nothing is read from
 * it, and {@linkcode TransportSocket.release} leaves it as it was. All errors are `ConnectError`s.
 */
export class TransportSocket extends Writable implements RuntimeSocket {
  /** Whether the stream has ever been connected. */
  wasOpen: boolean;
  readonly #duplex: Duplex & SocketParts;
  readonly #peer: Peer;
  readonly #listeners: Readonly<Record<string, (value: unknown) => void>>;
  /** Called when the write under way is over. */
  #written: ((error?: Error | null) => void) | undefined;

  /** `peer` is the other end, for error messages. */
  constructor(duplex: Duplex & SocketParts, peer: Peer) {
    super({ autoDestroy: false }); // Reading goes on after the end of writing.
    this.#duplex = duplex;
    this.#peer = peer;
    this.wasOpen = duplex.connecting !== true;
    this.on("error", () => {}); // It may break before it has an owner.
    this.#listeners = {
      connect: () => this.wasOpen = true,
      error: (error) => this.#break(error),
      close: () => void this.destroy(),
      end: () => {
        if (!this.destroyed) this.emit("end"); // Bun's sockets also "end" when they are destroyed.
      },
    };
    for (const [event, listener] of Object.entries(this.#listeners)) duplex.on(event, listener);
  }

  /** Gives the stream back untouched. */
  release(): void {
    for (const [event, listener] of Object.entries(this.#listeners)) {
      this.#duplex.off(event, listener);
    }
  }

  /**
   * Takes the stream over. All that arrives goes to `receive`: first what was buffered before this
   * call, or pushed back by `unshift`.
   */
  listen(receive: (bytes: Uint8Array) => void): this {
    this.#duplex.allowHalfOpen = true; // TLS says by itself when it has ended.
    this.#duplex.on("data", (chunk) => {
      if (chunk instanceof Uint8Array) receive(chunk);
      else this.#break(new TypeError(`it gave a ${typeof chunk} in the place of bytes`));
    });
    this.resume(); // Its owner may have paused it.
    return this;
  }

  pause(): void {
    this.#duplex.pause();
  }

  resume(): void {
    this.#duplex.resume();
  }

  ref(): void {
    this.#duplex.ref?.();
  }

  unref(): void {
    this.#duplex.unref?.();
  }

  setKeepAlive(enable: boolean, initialDelay: number): void {
    this.#duplex.setKeepAlive?.(enable, initialDelay);
  }

  setNoDelay(enable: boolean): void {
    this.#duplex.setNoDelay?.(enable);
  }

  resetAndDestroy(): void {
    this.#duplex.resetAndDestroy?.();
    this.destroy();
  }

  #break(error: unknown): void {
    this.destroy(transportBroken(error, this.#peer));
  }

  override _write(
    bytes: Uint8Array,
    _encoding: string,
    done: (error?: Error | null) => void,
  ): void {
    this.#written = done;
    try {
      // A copy: others may keep what they were given, and the engine's buffers are used again.
      this.#duplex.write(Buffer.from(bytes), (error) => {
        if (error) this.#break(this.#duplex.errored ?? error);
        else this.#endWrite();
      });
    } catch (error) {
      this.#break(error);
    }
  }

  #endWrite(error?: Error | null): void {
    const done = this.#written;
    this.#written = undefined;
    done?.(error);
  }

  override _final(done: () => void): void {
    this.#duplex.end(() => done()); // Why it failed, the event tells.
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#duplex.destroy();
    this.#endWrite(error ?? new Error("The transport was closed"));
    done(error);
  }
}
