/**
 * Moves bytes between a wire and an engine.
 *
 *     wire ─► engine.feed ─► inbox ─► reader         writer ─► engine.write ─► wire
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { quoted } from "../base/authority.ts";
import { giveBack } from "../base/buffers.ts";
import { OptionError } from "../base/errors.ts";
import type { ConnectError } from "../tcp/errors.ts";
import type { Arrived } from "../tcp/wire/arrived.ts";
import type { ByteStream } from "../tcp/wire/byte_stream.ts";
import { closedHere, connectionBroken, endOf, type Peer } from "../tcp/wire/ends.ts";
import { Inbox } from "../tcp/wire/inbox.ts";
import type { Wire } from "../tcp/wire/wire.ts";
import type { Engine, EngineInfo } from "./engine/contract.ts";
import { renegotiationRefused } from "./engine/failures.ts";
import type { FinishedHold } from "./client/finished_hold.ts";
import { TlsError } from "./errors.ts";

/** Bytes of plaintext encrypted at a time; limits how much of a large write is in memory twice. */
const WRITE_SLICE = 256 * 1024;

/** Milliseconds that a client may take for its Finished after the server has closed. */
const FINISHED_TIMEOUT = 2_000;

/** The error of a write whose buffer was transferred or resized before it was sent. */
function bufferTransferred(peer: Peer): OptionError {
  return new OptionError(
    "p",
    `The buffer of a write to ${quoted(peer)} was transferred or resized before it was sent; ` +
      "await the write first",
    { ...peer },
  );
}

/** The parts of TLS that a connection needs. */
export interface TlsByteStream extends ByteStream {
  readonly side: "client" | "server";
  /** The peer was verified, and only the peer can read the bytes that are sent. */
  readonly isSecure: boolean;
  /** The peer has asked for a renegotiation, and this side has refused. */
  readonly refusedRenegotiation: boolean;
  readonly engineName: Engine["name"];
  /** Resolves when the handshake is complete and verified. */
  readonly secured: Promise<void>;
  /** Resolves as `secured` does, and makes a connection that waits for its first write. */
  handshake(): Promise<void>;
  /** The result of the handshake; before it is complete, the facts known so far. */
  info(): EngineInfo;
  /** What can be asked of the connection itself; `undefined` while there is none. */
  readonly bindings: ChannelBindings | undefined;
}

/** What binds another protocol to a connection (RFC 5056). */
export type ChannelBindings = Pick<Engine, "peerChain" | "exportKeyingMaterial" | "finishedOf">;

/** TLS over TCP. Owns the wire and the engine, and takes the bytes that arrived earlier first. */
export class TlsStream implements TlsByteStream {
  readonly side: "client" | "server";
  /** `performance.now()` when the peer's first byte arrived; NaN before. */
  firstByteAt = NaN;
  /** `performance.now()` when the peer's last bytes arrived; NaN before. */
  lastByteAt = NaN;
  readonly #inbox: Inbox;
  onRelease: (() => void) | undefined;
  #wire: Wire;
  #engine: Engine;
  #peer: Peer;
  #hold: FinishedHold | undefined;
  /** Set while a server waits for the Finished before it closes. */
  #onFinished: (() => void) | undefined;
  #secured = Promise.withResolvers<void>();
  #ready = Promise.withResolvers<void>();
  #drained: PromiseWithResolvers<void> | undefined;
  #error: unknown;
  /** Resolves after the last write. No other write may come between the slices of a long one. */
  #turn: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;
  /** Resolves when close_notify is ready to be sent; `undefined` where it was ready at once. */
  #goodbye: Promise<void> | undefined;
  #writeClosed = false;
  /** Whether a flush is scheduled for the end of this turn of the event loop. */
  #flushing = false;
  #closed = false;

  /** `hold` keeps a client's Finished back while an answer to its early data is arriving. */
  constructor(
    arrived: Arrived,
    engine: Engine,
    peer: Peer,
    side: "client" | "server",
    hold?: FinishedHold,
  ) {
    const { wire } = arrived;
    this.side = side;
    this.#wire = wire;
    this.#engine = engine;
    this.#peer = peer;
    this.#hold = hold;
    if (hold) hold.send = () => void this.#flush();
    this.#inbox = new Inbox(wire);
    this.secured.catch(() => {}); // Not an unhandled rejection where no caller waits.
    this.ready.catch(() => {});
    wire.owner = {
      onBytes: (borrowed) => this.#receive(borrowed),
      onEnd: () => {
        this.#hold?.end(); // The peer has closed; what is held would only make it reset.
        this.#cut();
      },
      onError: (error) => this.#whenSettled(() => this.fail(connectionBroken(error, peer))),
      onClose: () => this.#cut(),
      onDrain: () => this.#endDrain((drained) => drained.resolve()),
    };
    engine.onChange = (error) => error ? this.fail(error) : this.#advance();
    this.#flush(); // Sends the rest of a first flight that came in pieces.
    for (const chunk of arrived.received) this.#receive(chunk);
    if (arrived.ended) this.#cut();
  }

  /** Resolves when the handshake is complete and verified. */
  get secured(): Promise<void> {
    return this.#secured.promise;
  }

  /** Resolves when plaintext may be exchanged. With early data that is before `secured`. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  handshake(): Promise<void> {
    return this.secured;
  }

  /** The error with which the connection has failed; `undefined` while it has not. */
  get failure(): unknown {
    return this.#error;
  }

  get isSecure(): boolean {
    return this.#engine.secured;
  }

  get refusedRenegotiation(): boolean {
    return this.#engine.refusedRenegotiation;
  }

  get engineName(): Engine["name"] {
    return this.#engine.name;
  }

  info(): EngineInfo {
    return this.#engine.info();
  }

  get bindings(): ChannelBindings {
    return this.#engine;
  }

  read(p: Uint8Array): Promise<number | null> {
    return this.#inbox.read(p);
  }

  next(): Promise<Uint8Array | null> {
    return this.#inbox.next();
  }

  write(bytes: Uint8Array): Promise<void> {
    const { length } = bytes;
    const written = this.#turn.then(() => this.#write(bytes, length));
    this.#turn = written.catch(() => {}); // The caller gets the error; the next write fails itself.
    return written;
  }

  closeWrite(): Promise<void> {
    return this.#closing ??= this.#closeWrite();
  }

  async #closeWrite(): Promise<void> {
    await this.#turn;
    await this.secured;
    await this.#hold?.over;
    this.#checkOpen();
    this.#writeClosed = true;
    this.#goodbye = this.#engine.close();
    if (this.#goodbye) await this.#goodbye;
    this.#flush();
    await endOf(this.#wire, this.#peer);
    this.#finishIfDone();
  }

  close(): void {
    if (this.#closed) return;
    const { writable, secured } = this.#engine;
    if (writable && !secured) this.#goodbye = this.#closeAfterFinished();
    else if (!this.#writeClosed) this.#goodbye = this.#engine.close();
    this.#inbox.close(() => this.#closedHere());
    this.#release(() => this.#closedHere());
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

  /** Ends the connection because of `reason`. The reader gets it after the bytes received before. */
  fail(reason: unknown): void {
    if (this.#closed) return this.#onFinished?.(); // The Finished will not come.
    const error = this.#error = this.#engine.refusedRenegotiation
      ? renegotiationRefused(reason, this.side === "client" ? this.#peer : {})
      : reason;
    this.#hold?.noteFailure(reason);
    this.#inbox.fail(error);
    this.#release(() => error, 0);
  }

  #receive(ciphertext: Uint8Array): void {
    this.lastByteAt = performance.now();
    if (Number.isNaN(this.firstByteAt)) this.firstByteAt = this.lastByteAt;
    const { received } = this.#inbox;
    this.#hold?.hear(ciphertext);
    try {
      this.#engine.feed(ciphertext, this.#inbox);
    } catch (error) {
      return this.fail(error);
    }
    if (this.#inbox.received > received) this.#hold?.noteAnswer();
    this.#advance();
  }

  /** Acts on the engine's new state. */
  #advance(): void {
    const engine = this.#engine;
    if (this.#closed) return engine.secured ? this.#onFinished?.() : undefined;
    if (engine.hasOutput && !this.#hold?.holdBack()) {
      engine.writable ? this.#flushSoon() : this.#flush();
    }
    if (engine.writable) this.#ready.resolve();
    if (engine.secured) this.#secured.resolve();
    if (engine.peerClosed) this.#peerClosed();
  }

  /** The peer has sent close_notify. */
  #peerClosed(): void {
    if (!this.#engine.secured) return this.#cut();
    this.#inbox.end();
    this.#finishIfDone();
  }

  /** No more bytes will arrive. */
  #cut(): void {
    this.#whenSettled(() => this.#truncated());
  }

  /** Acts once everything that has arrived is processed: it can still be read. */
  #whenSettled(act: () => void): void {
    const settled = this.#engine.settled();
    if (settled) settled.then(act);
    else act();
  }

  /** Fails, unless the last bytes that arrived contained a close_notify. */
  #truncated(): void {
    if (this.#closed || this.#inbox.done) return;
    const where = quoted(this.#peer);
    const error = this.#engine.secured
      ? new TlsError(
        "TRUNCATED",
        `The connection to ${where} was cut without close_notify; data may be missing`,
        { ...this.#peer },
      )
      : new TlsError(
        "HANDSHAKE_CLOSED",
        `The connection to ${where} was closed before the TLS handshake was complete`,
        { ...this.#peer },
      );
    this.fail(error);
  }

  async #write(bytes: Uint8Array, length: number): Promise<void> {
    for (let offset = 0; offset < length; offset += WRITE_SLICE) {
      await this.#writable();
      this.#checkOpen();
      if (bytes.length !== length) throw bufferTransferred(this.#peer);
      const encrypted = this.#engine.write(bytes.subarray(offset, offset + WRITE_SLICE));
      if (encrypted) await encrypted;
      if (!this.#flush()) await this.#drain();
    }
    this.#checkOpen();
  }

  async #writable(): Promise<void> {
    if (this.#closed || this.#engine.writable) return;
    await this.ready;
    if (!this.#engine.writable) await this.secured;
  }

  /** Sends the engine's output. Returns false when the wire's buffer is full. */
  #flush(): boolean {
    const bytes = this.#engine.output();
    if (bytes && this.#engine.secured) this.#hold?.end();
    const { socket } = this.#wire;
    if (bytes === undefined || socket.destroyed) return true;
    let lent: Uint8Array | undefined = bytes;
    const sent = () => {
      if (lent) giveBack(lent);
      lent = undefined; // A buffer is given back only once.
    };
    const more = socket.write(bytes, sent);
    // The kernel took everything at once. The callback would only run after many more writes.
    if (socket.writableLength === 0) sent();
    return more;
  }

  /**
   * Output of TLS itself is sent together with what the caller writes in this turn of the event
   * loop: a client's Finished with its request, a server's whole flight with its answer to early
   * data.
   */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      if (!this.#closed) this.#flush();
    });
  }

  async #drain(): Promise<void> {
    this.#drained ??= Promise.withResolvers();
    await this.#drained.promise;
  }

  #endDrain(settle: (drained: PromiseWithResolvers<void>) => void): void {
    if (this.#drained) settle(this.#drained);
    this.#drained = undefined;
  }

  #checkOpen(): void {
    if (this.#error !== undefined) throw this.#error;
    if (this.#closed || this.#writeClosed) throw this.#closedHere();
  }

  #closedHere(): ConnectError {
    return closedHere(this.#peer);
  }

  /** Releases everything native once both sides have sent close_notify. */
  #finishIfDone(): void {
    if (!this.#engine.peerClosed || !this.#writeClosed || this.#closed) return;
    this.#release(() => this.#closedHere());
  }

  /** Closes the connection. Callers that still wait get the error that `error` makes. */
  #release(error: () => unknown, linger?: number): void {
    this.#closed = true;
    this.#hold?.end();
    if (!this.#engine.secured) {
      const reason = error();
      this.#secured.reject(reason);
      this.#ready.reject(reason);
    }
    this.#endDrain((drained) => drained.reject(error()));
    if (this.#goodbye) this.#goodbye.then(() => this.#leave(linger));
    else this.#leave(linger);
    this.onRelease?.();
  }

  /**
   * A server that has answered early data can't send close_notify before the client's Finished has
   * come. Without close_notify the client would take the answer for truncated.
   */
  async #closeAfterFinished(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { socket } = this.#wire;
    this.#flush(); // Without the server's first flight there is no Finished.
    const timer = setTimeout(resolve, FINISHED_TIMEOUT);
    this.#onFinished = resolve;
    socket.once("end", resolve).once("close", resolve);
    await promise;
    clearTimeout(timer);
    socket.off("end", resolve).off("close", resolve);
    await this.#engine.close();
  }

  /** Frees the engine after its last output was handed to the wire. */
  #leave(linger: number | undefined): void {
    this.#flush(); // A goodbye or an alert, perhaps.
    const isPolite = linger === undefined && this.#hold !== undefined;
    if (isPolite && this.#engine.secured && !this.#engine.peerClosed) return this.#awaitTickets();
    this.#engine.free();
    this.#wire.hangUp(linger);
  }

  /**
   * A server sends its tickets once it has the Finished, which may have left with the goodbye: the
   * engine goes on reading until the peer has closed.
   */
  #awaitTickets(): void {
    const engine = this.#engine;
    const nowhere = { room: undefined, filled() {}, push() {} };
    const free = () => engine.free();
    this.#wire.hangUp(undefined, {
      onBytes(borrowed) {
        try {
          engine.feed(borrowed, nowhere);
        } catch {
          free(); // What else comes is not for anybody.
        }
      },
      onEnd: free,
      onError: free,
      onClose: free,
    });
  }
}
