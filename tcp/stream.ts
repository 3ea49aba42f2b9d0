/**
 * An adopted socket as a {@linkcode ByteStream}.
 *
 * @module
 */

import type { Socket } from "node:net";
import type { ByteStream } from "./conn.ts";
import { codeOfErrno, ConnectError } from "./errors.ts";
import { Inbox } from "./inbox.ts";

/** Where a connection leads, for its errors. */
export interface Peer {
  readonly hostname: string;
  readonly port: number;
}

/** What a reader or writer gets after the connection was closed on this side. */
export function closedHere(peer: Peer): ConnectError {
  return new ConnectError(
    "CONNECTION_CLOSED",
    `The connection to "${peer.hostname}:${peer.port}" was closed on this side`,
    peer,
  );
}

/** A socket's error as a {@linkcode ConnectError}. */
export function brokenBy(error: Error & { code?: string }, peer: Peer): ConnectError {
  const code = codeOfErrno(error.code);
  const name = error.code ? ` (${error.code})` : "";
  return new ConnectError(
    code,
    `The connection to "${peer.hostname}:${peer.port}" broke${name}`,
    { ...peer, cause: error, ...(error.code ? { errno: error.code } : {}) },
  );
}

/** Plain TCP. */
export class TcpStream implements ByteStream {
  readonly inbox: Inbox;
  readonly peer: Peer;
  #socket: Socket;
  #closed = false;
  #detach: () => void;

  constructor(socket: Socket, peer: Peer, received: readonly Uint8Array[], ended: boolean) {
    this.peer = peer;
    this.#socket = socket;
    this.inbox = new Inbox(socket);
    for (const chunk of received) this.inbox.push(chunk);
    if (ended) this.inbox.end();
    const onData = (chunk: Uint8Array) => this.inbox.push(chunk);
    const onEnd = () => this.inbox.end();
    const onError = (error: Error) => this.inbox.fail(brokenBy(error, peer));
    socket.on("data", onData).on("end", onEnd).on("error", onError);
    this.#detach = () => socket.off("data", onData).off("end", onEnd).off("error", onError);
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#closed) return Promise.reject(closedHere(this.peer));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket.write(bytes, (error) => error ? reject(brokenBy(error, this.peer)) : resolve());
    return promise;
  }

  closeWrite(): Promise<void> {
    if (this.#closed) return Promise.reject(closedHere(this.peer));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#socket.writableFinished) resolve();
    this.#socket.once("error", (error) => reject(brokenBy(error, this.peer)));
    this.#socket.end(() => resolve());
    return promise;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.inbox.close(closedHere(this.peer));
    this.#socket.destroy();
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  /** Hands the socket and everything unread to another owner; this stream is closed from then on. */
  release(): { socket: Socket; received: Uint8Array[]; ended: boolean } {
    if (this.#closed) throw closedHere(this.peer);
    this.#closed = true;
    this.#detach();
    const ended = this.inbox.done;
    const received = this.inbox.drain();
    this.inbox.close(closedHere(this.peer));
    return { socket: this.#socket, received, ended };
  }
}
