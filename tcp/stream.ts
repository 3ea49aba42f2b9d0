/**
 * An adopted socket as a {@linkcode ByteStream}.
 *
 * @module
 */

import type { Arrived } from "./attempt.ts";
import { quoted } from "./authority.ts";
import type { ByteStream } from "./conn.ts";
import { codeOfErrno, ConnectError } from "./errors.ts";
import { Inbox } from "./inbox.ts";
import type { Wire } from "./wire.ts";

/** Where a connection leads, for its errors. */
export interface Peer {
  readonly hostname: string;
  readonly port: number;
}

/** What a reader or writer gets after the connection was closed on this side. */
export function closedHere(peer: Peer): ConnectError {
  return new ConnectError(
    "CONNECTION_CLOSED",
    `The connection to ${quoted(peer)} was closed on this side`,
    peer,
  );
}

/** A socket's error as a {@linkcode ConnectError}. */
export function brokenBy(error: Error & { code?: string }, peer: Peer): ConnectError {
  const code = codeOfErrno(error.code);
  const name = error.code ? ` (${error.code})` : "";
  return new ConnectError(
    code,
    `The connection to ${quoted(peer)} broke${name}`,
    { ...peer, cause: error, ...(error.code ? { errno: error.code } : {}) },
  );
}

/** Plain TCP. */
export class TcpStream implements ByteStream {
  readonly peer: Peer;
  readonly #inbox: Inbox;
  onRelease: (() => void) | undefined;
  #wire: Wire;
  #closing: Promise<void> | undefined;
  #closed = false;

  constructor({ wire, received, ended }: Arrived, peer: Peer) {
    this.peer = peer;
    this.#wire = wire;
    const inbox = this.#inbox = new Inbox(wire);
    for (const chunk of received) inbox.push(chunk);
    if (ended) inbox.end();
    wire.owner = {
      onBytes: (borrowed) => inbox.push(new Uint8Array(borrowed)),
      onEnd: () => inbox.end(),
      onError: (error) => inbox.fail(brokenBy(error, peer)),
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
    socket.write(bytes, (error) => error ? reject(brokenBy(error, this.peer)) : resolve());
    return promise;
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

  ref(): void {
    this.#wire.socket.ref();
  }

  unref(): void {
    this.#wire.socket.unref();
  }

  /** Hands the wire and everything unread to another owner; this stream is closed from then on. */
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

/** Ends the writing side; resolves when everything written has left. */
export async function endOf({ socket }: Wire, peer: Peer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onClose = () => resolve();
  const onError = (error: Error) => reject(brokenBy(error, peer));
  socket.once("close", onClose).once("error", onError);
  socket.end(resolve);
  try {
    await promise;
  } finally {
    socket.off("close", onClose).off("error", onError);
  }
}
