/**
 * A wire as a {@linkcode ByteStream}.
 *
 * @module
 */

import { codeOfErrno, type ConnectError } from "./errors.ts";
import type { Arrived } from "./wire/arrived.ts";
import type { ByteStream } from "./wire/byte_stream.ts";
import { closedHere, connectionBroken, endOf, type Peer, peerGone } from "./wire/ends.ts";
import { Inbox } from "./wire/inbox.ts";
import type { Wire } from "./wire/wire.ts";

/** Plain TCP. */
export class TcpStream implements ByteStream {
  readonly peer: Peer;
  readonly #inbox: Inbox;
  onRelease: (() => void) | undefined;
  #wire: Wire;
  #closing: Promise<void> | undefined;
  #closed = false;
  /** What broke the connection. */
  #broken: ConnectError | undefined;

  constructor({ wire, received, ended }: Arrived, peer: Peer) {
    this.peer = peer;
    this.#wire = wire;
    const inbox = this.#inbox = new Inbox(wire);
    for (const chunk of received) inbox.push(chunk);
    if (ended) inbox.end();
    wire.owner = {
      onBytes: (borrowed) => inbox.push(new Uint8Array(borrowed)),
      onEnd: () => inbox.end(),
      onError: (error) => inbox.fail(this.#broken = connectionBroken(error, peer)),
      onClose: () => inbox.end(),
    };
  }

  read(p: Uint8Array): Promise<number | null> {
    return this.#inbox.read(p);
  }

  next(): Promise<Uint8Array | null> {
    return this.#inbox.next();
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#closed || this.#closing) return Promise.reject(closedHere(this.peer));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { socket } = this.#wire;
    socket.write(bytes, (error) => error ? reject(this.#whyNotSent(error)) : resolve());
    return promise;
  }

  /** A socket that is no more only says that. Why it is no more may be heard later than this. */
  #whyNotSent(error: Error & { code?: string }): ConnectError {
    if (this.#closed) return closedHere(this.peer);
    if (this.#broken) return this.#broken;
    const { destroyed, errored } = this.#wire.socket;
    const isUntold = destroyed && !errored && codeOfErrno(error.code) === "SYSTEM_ERROR";
    return isUntold ? peerGone(this.peer) : connectionBroken(errored ?? error, this.peer);
  }

  closeWrite(): Promise<void> {
    if (this.#closed) return Promise.reject(closedHere(this.peer));
    return this.#closing ??= endOf(this.#wire, this.peer);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inbox.close(() => closedHere(this.peer));
    this.#wire.destroy();
    this.onRelease?.();
  }

  reset(): void {
    this.#wire.socket.resetAndDestroy();
    this.close();
  }

  ref(): void {
    this.#wire.ref();
  }

  unref(): void {
    this.#wire.unref();
  }

  setKeepAlive(enable: boolean, initialDelay: number): void {
    this.#wire.socket.setKeepAlive(enable, initialDelay);
  }

  setNoDelay(enable: boolean): void {
    this.#wire.socket.setNoDelay(enable);
  }

  /** Hands the wire and all unread bytes to another owner. This stream is closed afterwards. */
  release(): Arrived {
    if (this.#closed || this.#closing) throw closedHere(this.peer);
    this.#closed = true;
    const ended = this.#inbox.done;
    const received = this.#inbox.drain();
    this.#inbox.close(() => closedHere(this.peer));
    this.onRelease?.();
    return { wire: this.#wire, received, ended };
  }
}
