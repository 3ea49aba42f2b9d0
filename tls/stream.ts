/**
 * The pump between a socket and an engine.
 *
 *     socket ─► engine.feed ─► inbox ─► reader         writer ─► engine.write ─► socket
 *
 * @module
 */

import type { Socket } from "node:net";
import type { ByteStream } from "../tcp/conn.ts";
import { Inbox } from "../tcp/inbox.ts";
import { brokenBy, type Peer } from "../tcp/stream.ts";
import type { Engine, EngineInfo } from "./engine.ts";
import { TlsError } from "./errors.ts";

/** Plaintext encrypted in one go; bounds what a large write holds twice. */
const WRITE_SLICE = 256 * 1024;

/** Milliseconds close_notify may take to leave before the socket is closed all the same. */
const CLOSE_TIMEOUT = 2_000;

/** TLS over an adopted socket. Owns both the socket and the engine. */
export class TlsStream implements ByteStream {
  readonly inbox: Inbox;
  /** Resolves when the handshake is complete and verified. */
  readonly secured: Promise<void>;
  /** Resolves when plaintext may be exchanged, which for early data is sooner. */
  readonly ready: Promise<void>;
  readonly side: "client" | "server";
  #socket: Socket;
  #engine: Engine;
  #peer: Peer;
  #secured = Promise.withResolvers<void>();
  #ready = Promise.withResolvers<void>();
  #drained: PromiseWithResolvers<void> | undefined;
  #info: EngineInfo | undefined;
  #error: unknown;
  /** Writes take turns: a long one is sent in slices, and another must not come between. */
  #turn: Promise<void> = Promise.resolve();
  #writeClosed = false;
  #closed = false;

  constructor(socket: Socket, engine: Engine, peer: Peer, side: "client" | "server") {
    this.side = side;
    this.#socket = socket;
    this.#engine = engine;
    this.#peer = peer;
    this.inbox = new Inbox(socket);
    this.secured = this.#secured.promise;
    this.ready = this.#ready.promise;
    this.secured.catch(() => {}); // Whoever waits hears it; nobody waiting is not a crash.
    this.ready.catch(() => {});
    socket.on("data", this.#onData).on("drain", this.#onDrain);
    socket.on("end", this.#onEnd).on("error", this.#onError).on("close", this.#onClose);
  }

  /** Takes what had arrived before this stream was made. */
  begin(received: readonly Uint8Array[], ended: boolean): void {
    for (const chunk of received) this.#onData(chunk);
    if (ended) this.#onEnd();
  }

  get engineName(): Engine["name"] {
    return this.#engine.name;
  }

  /** What the handshake settled; before it is complete, what is known so far. */
  info(): EngineInfo {
    if (this.#info) return this.#info;
    const info = this.#engine.info();
    if (this.#engine.secured) this.#info = info;
    return info;
  }

  write(bytes: Uint8Array): Promise<void> {
    const written = this.#turn.then(() => this.#write(bytes));
    this.#turn = written.catch(() => {}); // The writer hears of it; the next one finds out itself.
    return written;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length; offset += WRITE_SLICE) {
      if (!this.#engine.writable) await this.#writable();
      this.#checkOpen();
      this.#engine.write(bytes.subarray(offset, offset + WRITE_SLICE));
      if (!this.#flush()) await this.#drain();
    }
    this.#checkOpen();
  }

  async closeWrite(): Promise<void> {
    if (this.#writeClosed) return;
    await this.#turn;
    await this.secured;
    this.#checkOpen();
    this.#writeClosed = true;
    this.#engine.close();
    this.#flush();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#socket.once("close", () => resolve());
    this.#socket.once("error", (error) => reject(brokenBy(error, this.#peer)));
    this.#socket.end(() => resolve());
    await promise;
    this.#finishIfDone();
  }

  close(): void {
    if (this.#closed) return;
    const socket = this.#socket;
    if (!this.#writeClosed) {
      this.#engine.close();
      this.#flush();
    }
    this.#release(this.#closedHere());
    hangUp(socket);
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  /** Gives up because of `error`: the reader gets it after what has been received. */
  fail(error: unknown): void {
    if (this.#closed || this.#error !== undefined) return;
    this.#error = error;
    try {
      this.#flush(); // An alert, perhaps.
    } finally {
      this.inbox.fail(error);
      const socket = this.#socket;
      this.#release(error);
      hangUp(socket);
    }
  }

  #onData = (chunk: Uint8Array): void => {
    if (this.#closed) return;
    const engine = this.#engine;
    try {
      engine.feed(chunk, (plaintext) => this.inbox.push(plaintext));
    } catch (error) {
      return this.fail(error);
    }
    this.#flush();
    if (engine.writable) this.#ready.resolve();
    if (engine.secured) this.#secured.resolve();
    if (engine.peerClosed) {
      if (!engine.secured) return this.#onEnd();
      this.inbox.end();
      this.#finishIfDone();
    }
  };

  #onDrain = (): void => {
    this.#drained?.resolve();
    this.#drained = undefined;
  };

  #onEnd = (): void => {
    if (this.#closed || this.inbox.done) return;
    const where = `"${this.#peer.hostname}:${this.#peer.port}"`;
    const details = { ...this.#peer };
    this.fail(
      this.#engine.secured
        ? new TlsError(
          "TRUNCATED",
          `The connection to ${where} was cut without close_notify; data may be missing`,
          details,
        )
        : new TlsError(
          "HANDSHAKE_CLOSED",
          `The connection to ${where} was closed before the TLS handshake was complete`,
          details,
        ),
    );
  };

  #onError = (error: Error): void => this.fail(brokenBy(error, this.#peer));

  #onClose = (): void => {
    this.#onEnd();
    this.#drained?.reject(this.#error ?? this.#closedHere());
    this.#drained = undefined;
  };

  /** Sends what the engine has to send; false when the socket wants a break. */
  #flush(): boolean {
    const bytes = this.#engine.output();
    if (bytes === undefined || this.#socket.destroyed) return true;
    return this.#socket.write(bytes) || this.#socket.writableNeedDrain === false;
  }

  async #writable(): Promise<void> {
    await this.ready;
    if (!this.#engine.writable) await this.secured;
  }

  async #drain(): Promise<void> {
    this.#drained ??= Promise.withResolvers();
    await this.#drained.promise;
  }

  #checkOpen(): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.#closed || this.#writeClosed) throw this.#closedHere();
  }

  #closedHere(): TlsError {
    return new TlsError(
      "CONNECTION_CLOSED",
      `The connection to "${this.#peer.hostname}:${this.#peer.port}" was closed on this side`,
      { ...this.#peer },
    );
  }

  /** Both sides have said goodbye: nothing native is needed any more. */
  #finishIfDone(): void {
    if (this.#engine.peerClosed && this.#writeClosed && !this.#closed) {
      const socket = this.#socket;
      this.#release(undefined);
      socket.destroySoon();
    }
  }

  /** Frees the engine and forgets the socket; `error` is for those who still wait. */
  #release(error: unknown): void {
    this.#closed = true;
    const socket = this.#socket;
    socket.off("data", this.#onData).off("drain", this.#onDrain).off("end", this.#onEnd);
    socket.off("error", this.#onError).off("close", this.#onClose);
    socket.on("error", () => {}); // What still goes wrong concerns nobody.
    this.#info ??= this.#engine.info(); // The last chance to ask.
    this.#engine.free();
    if (error === undefined) return;
    this.#secured.reject(error);
    this.#ready.reject(error);
    this.#drained?.reject(error);
    this.#drained = undefined;
    if (this.#error === undefined) this.inbox.close(error);
  }
}

/** Closes a socket once what is queued has left. What still arrives is nobody's business. */
function hangUp(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT);
  timer.unref?.();
  socket.once("close", () => clearTimeout(timer));
  socket.end(() => socket.destroy());
  socket.resume();
}
