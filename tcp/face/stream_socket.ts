/**
 * A connection in the shape of Node's sockets: what TCP and TLS have in common.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import process from "node:process";
import { addAbortSignal, Duplex } from "node:stream";
import { setImmediate } from "node:timers";
import { callOut } from "../../base/call_out.ts";
import { checkInside, type inside } from "../../base/constructors.ts";
import { ConnectError } from "../errors.ts";
import type { NetAddr } from "../facts.ts";
import type { Address } from "../name/address.ts";
import type { FastOpenResult } from "../outcome.ts";
import type { ByteStream } from "../wire/byte_stream.ts";
import { readConnectArguments } from "./connect_arguments.ts";
import { checkTimeout, IdleTimer } from "./idle_timer.ts";
import { nodeError, socketClosed, type SystemCall, writeCancelled } from "./node_error.ts";
import type { SocketSettings } from "./settings.ts";
import type { SocketKind, Underneath } from "./underneath.ts";

/** Called when what was written was handed on, or could not be. */
type WriteCallback = (error?: Error | null) => void;

/** Addresses as Node describes them. */
export interface SocketAddress {
  /** The IP address. */
  address: string;
  /** The version of IP. */
  family: "IPv4" | "IPv6";
  /** The port. */
  port: number;
}

function familyOf(address: string): "IPv4" | "IPv6" {
  return address.includes(":") ? "IPv6" : "IPv4";
}

/** What {@linkcode TcpSocket} and `TlsSocket` have in common. */
export abstract class StreamSocket extends Duplex {
  /** Whether the connection is being made. */
  connecting = false;
  /** Milliseconds of silence after which there is a "timeout" event; `undefined` for never. */
  timeout: number | undefined;
  #kind: SocketKind;
  #settings: SocketSettings;
  #underneath: Underneath | undefined;
  #isReady = false;
  #isReferenced = true;
  /** What is to be done once there is something underneath. */
  #onBegun: ((stream: ByteStream) => void)[] = [];
  #isConnected = false;
  #wantsToRead = false;
  #isCollecting = false;
  #bytesRead = 0;
  #bytesSent = 0;
  /** Whether the peer has said all that it had to say. */
  #peerEnded = false;
  #truncated = false;
  /** Whether something was read since the last write. */
  #answered = false;
  /** Whether the caller has ended after an answer, and nothing has come since. */
  #satisfied = false;
  readonly #idle = new IdleTimer(() => this.emit("timeout"));

  /** Sockets are made by functions. */
  protected constructor(key: typeof inside, settings: SocketSettings, kind: SocketKind) {
    checkInside(key, "tlsSocket, tcpSocket and conn.duplex make sockets");
    const { allowHalfOpen, highWaterMark, signal, timeout } = settings;
    super({
      allowHalfOpen,
      emitClose: false, // "close" tells whether there was an error.
      ...(highWaterMark === undefined ? {} : { highWaterMark }),
    });
    this.#kind = kind;
    this.#settings = settings;
    if (signal) addAbortSignal(signal, this);
    if (timeout !== undefined) this.setTimeout(timeout);
    this.once("end", () => this.#idle.note());
  }

  /**
   * Begins the connection. Called once.
   *
   * @ignore
   */
  protected begin(given: Readonly<Record<string, unknown>>): void {
    if (this.destroyed) return this.#kind.discard?.(); // Its signal was aborted before.
    const underneath = this.#underneath = this.#open(given);
    if (!underneath) return;
    if (underneath.isConnected) this.#isConnected = true;
    this.connecting = !this.#isConnected;
    const { keepAlive, keepAliveInitialDelay, noDelay } = this.#settings;
    if (!this.#isReferenced) underneath.stream.unref();
    if (keepAlive) underneath.stream.setKeepAlive(true, keepAliveInitialDelay);
    if (noDelay === false) underneath.stream.setNoDelay(false);
    this.#collectFirstWrites();
    underneath.ready.then(() => this.#ready(), (error) => this.#fail(error, "connect"));
    for (const act of this.#onBegun.splice(0)) act(underneath.stream);
  }

  /** Begins a connection. One that can't be begun, since its transport is closed, has failed. */
  #open(given: Readonly<Record<string, unknown>>): Underneath | undefined {
    try {
      return this.#kind.open(given, {
        lookedUp: (addresses) => this.#lookedUp(addresses, given),
        connected: () => this.#connected(),
        handOn: () => this.#endCollecting(),
      });
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error; // It is about an argument.
      this.destroy(this.#kind.errorOf(error, "connect"));
      return undefined;
    }
  }

  /**
   * Stands on a connection that was made before.
   *
   * @ignore
   */
  protected standOn(underneath: Underneath): void {
    this.#underneath = underneath;
    this.#isConnected = true;
    this.#isReady = true;
    // Whoever has the socket gets to listen first.
    process.nextTick(() => this.#readOn());
  }

  /**
   * What the socket stands on; `undefined` before `connect()`.
   *
   * @ignore
   */
  protected get underneath(): Underneath | undefined {
    return this.#underneath;
  }

  /**
   * Connects a socket that was made without a port: `(port, host?, listener?)` or `({ port, host },
   * listener?)`. A socket that has a port connects by itself; then this only adds the listener of
   * "connect". The host and the port that the socket was made with go before those given here.
   *
   * @throws {OptionError} when an argument is wrong
   * @throws {Error} with Node's code `ERR_SOCKET_CLOSED` once the socket is destroyed: it has one connection
   */
  connect(...given: unknown[]): this {
    const { options, listener } = readConnectArguments(given);
    if (this.destroyed) {
      throw socketClosed("This socket is destroyed, and connects no second time; make another one");
    }
    if (!this.#underneath) this.begin(options);
    if (listener) this.once("connect", listener);
    return this;
  }

  /** Whether there is no connection yet, or none any more. */
  get pending(): boolean {
    return !this.#isConnected || this.destroyed;
  }

  /** Where the socket stands, in Node's words. */
  get readyState(): "opening" | "open" | "readOnly" | "writeOnly" | "closed" {
    if (this.connecting) return "opening";
    if (this.readable) return this.writable ? "open" : "readOnly";
    return this.writable ? "writeOnly" : "closed";
  }

  /** Bytes of data that have been received. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Bytes of data that were written, also those that have not been sent yet. */
  get bytesWritten(): number {
    return this.#bytesSent + this.writableLength;
  }

  /** The same as `writableLength`; an older name. */
  get bufferSize(): number | undefined {
    return this.destroyed ? undefined : this.writableLength;
  }

  /**
   * Whether the peer has ended without close_notify. Then somebody on the way may have cut the end off.
   * As on `tls.TLSSocket`, which does not tell, that is no error here unless the option `strict` says
   * so: many servers of HTTP/1.0 end so. Nor is a reset that follows when this end was ended after an
   * answer.
   */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** How Fast Open ended; `undefined` while there is no connection. Node's sockets have no such thing. */
  get fastOpen(): FastOpenResult | undefined {
    return this.#underneath?.facts()?.fastOpen;
  }

  /** The peer's IP address; `undefined` before there is a connection. */
  get remoteAddress(): string | undefined {
    return this.#end("remoteAddr")?.hostname;
  }

  /** The peer's port; `undefined` before there is a connection. */
  get remotePort(): number | undefined {
    return this.#end("remoteAddr")?.port;
  }

  /** The IP version of the peer's address; `undefined` before there is a connection. */
  get remoteFamily(): "IPv4" | "IPv6" | undefined {
    const { remoteAddress } = this;
    return remoteAddress === undefined ? undefined : familyOf(remoteAddress);
  }

  /** This end's IP address; `undefined` while there is no connection. */
  get localAddress(): string | undefined {
    return this.#end("localAddr")?.hostname;
  }

  /** This end's port; `undefined` while there is no connection. */
  get localPort(): number | undefined {
    return this.#end("localAddr")?.port;
  }

  /** The IP version of this end's address; `undefined` while there is no connection. */
  get localFamily(): "IPv4" | "IPv6" | undefined {
    const { localAddress } = this;
    return localAddress === undefined ? undefined : familyOf(localAddress);
  }

  /** This end's address; an empty object while there is no connection. */
  address(): SocketAddress | Record<string, never> {
    const end = this.#end("localAddr");
    if (!end) return {};
    return { address: end.hostname, family: familyOf(end.hostname), port: end.port };
  }

  /** An end of the connection. As in Node, it is known after the end to whom there was one. */
  #end(end: "localAddr" | "remoteAddr"): NetAddr | undefined {
    if (!this.#isConnected || (this.destroyed && end === "localAddr")) return undefined;
    const addr = this.#underneath?.facts()?.[end];
    return addr?.hostname ? addr : undefined; // A transport may have no addresses.
  }

  /** Sends small pieces at once (the default), or waits for more of them. */
  setNoDelay(noDelay = true): this {
    this.#whenBegun((stream) => stream.setNoDelay(Boolean(noDelay)));
    return this;
  }

  /**
   * Lets the kernel ask a silent peer whether it is still there, after `initialDelay` milliseconds; with
   * 0 after as long as the system says.
   */
  setKeepAlive(enable = false, initialDelay = 0): this {
    this.#whenBegun((stream) => stream.setKeepAlive(Boolean(enable), Number(initialDelay)));
    return this;
  }

  /**
   * Emits "timeout" after `milliseconds` without traffic, as `net.Socket` does; 0 switches it off.
   *
   * @throws {TypeError} or {RangeError} with Node's own codes, when an argument is wrong
   */
  setTimeout(milliseconds: number, listener?: () => void): this {
    if (this.destroyed) return this;
    checkTimeout(milliseconds, listener);
    this.timeout = milliseconds;
    this.#idle.set(milliseconds);
    if (listener === undefined) return this;
    return milliseconds === 0 ? this.off("timeout", listener) : this.once("timeout", listener);
  }

  /** Lets the connection keep the process alive; the default. */
  ref(): this {
    this.#isReferenced = true;
    this.#underneath?.stream.ref();
    return this;
  }

  /** Lets the process end while the connection is open. */
  unref(): this {
    this.#isReferenced = false;
    this.#underneath?.stream.unref();
    return this;
  }

  /** Ends the writing side, then closes, as `net.Socket` does. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  /** Closes by a reset: the peer gets an error, and what was not sent yet is lost. */
  resetAndDestroy(): this {
    if (!this.destroyed) this.#underneath?.stream.reset();
    return this.destroy();
  }

  /** Sends bytes, or a text; `false` asks to wait for "drain". */
  override write(
    chunk: string | Uint8Array,
    done?: (error?: Error | null) => void,
  ): boolean;
  /** Sends a text in an encoding. */
  override write(
    chunk: string | Uint8Array,
    encoding?: string,
    done?: (error?: Error | null) => void,
  ): boolean;
  override write(...given: unknown[]): boolean {
    // Node says more about a peer that has ended than about an end of one's own.
    if (this.#peerEnded && !this.allowHalfOpen && this.writableEnded) {
      return this.#refuseWrite(given.findLast((each) => typeof each === "function"));
    }
    const more = super.write(...given as Parameters<Duplex["write"]>);
    if (this.#isCollecting) this.#endCollectingSoon();
    return more;
  }

  #refuseWrite(done: unknown): false {
    const message = "This socket has been ended by the other party";
    const error = nodeError(message, { code: "EPIPE" }, undefined);
    if (typeof done === "function") process.nextTick(done as WriteCallback, error);
    this.destroy(error);
    return false;
  }

  #whenBegun(act: (stream: ByteStream) => void): void {
    if (this.destroyed) return;
    if (this.#underneath) act(this.#underneath.stream);
    else this.#onBegun.push(act);
  }

  /** Keeps the first writes together, so that they can be one piece of early data. */
  #collectFirstWrites(): void {
    if (!this.#kind.collectsFirstWrites) return;
    this.#isCollecting = true;
    this.cork();
    if (this.writableLength > 0) this.#endCollectingSoon();
  }

  /** Deno's `node:http2` writes its preface in one turn of the event loop, and the request in the next. */
  #endCollectingSoon(): void {
    setImmediate(() => setImmediate(() => this.#endCollecting()));
  }

  #endCollecting(): void {
    if (!this.#isCollecting) return;
    this.#isCollecting = false;
    this.uncork();
  }

  #lookedUp(addresses: readonly Address[], given: Readonly<Record<string, unknown>>): void {
    const host = this.#settings.hostname ?? given["hostname"] ?? given["host"] ?? "localhost";
    for (const { ip, family } of addresses) {
      if (this.destroyed) return;
      callOut(() => this.emit("lookup", null, ip, family, host));
    }
  }

  /** The connection is made, although nothing may have been exchanged over it yet. */
  #connected(): void {
    if (this.#isConnected || this.destroyed) return;
    this.#isConnected = true;
    this.connecting = false;
    this.#idle.note();
    callOut(() => this.emit("connect"));
    // Node's sockets leave this out there.
    if (!this.#isOverAnother) callOut(() => this.emit("ready"));
  }

  /** Whether somebody else has opened what carries the connection. */
  get #isOverAnother(): boolean {
    return this.#underneath?.isConnected !== undefined;
  }

  #ready(): void {
    if (this.destroyed) return;
    this.#connected();
    this.#isReady = true;
    this.#endCollecting();
    this.#kind.onReady?.();
    this.#readOn();
  }

  /** Reads, so that the end of the connection is noticed, unless the owner wants to wait. */
  #readOn(): void {
    if (this.#wantsToRead) this.#readNext();
    else if (!this.isPaused()) this.read(0);
  }

  #fail(error: unknown, syscall: SystemCall): void {
    if (this.destroyed) return;
    // Nobody has said that this was the end, so there is no "end"; and nothing went wrong here.
    if (this.#isReady && this.#underneath?.isTakenAway?.()) return void this.destroy();
    if (this.#isEnd(error)) {
      this.#truncated = true;
      this.once("end", () => this.end()); // Nothing can be sent any more, either.
      return this.#pushEnd();
    }
    // The caller has closed the connection itself, so this is no error of the stream.
    const isClosed = error instanceof ConnectError && error.code === "CONNECTION_CLOSED";
    if (isClosed && (this.#isReady || !this.#isOverAnother)) return void this.destroy();
    const failure = this.#kind.errorOf(error, syscall);
    if (isLookupError(error)) {
      callOut(() => this.emit("lookup", failure, undefined, undefined, error.hostname));
    }
    if (!this.#isConnected || !this.#kind.isEndOfHandshake?.(error)) {
      return void this.destroy(failure);
    }
    this.prependOnceListener("end", () => this.destroy(failure)); // As Node: first the end, then why.
    this.#pushEnd();
  }

  /** Whether an error says that the peer has gone, which may be its way to end. */
  #isEnd(error: unknown): boolean {
    if (!this.#isReady) return false;
    if (this.#kind.isCut(error)) return true;
    const isReset = error instanceof ConnectError && error.code === "CONNECTION_RESET";
    return isReset && this.#satisfied;
  }

  #pushEnd(): void {
    this.#peerEnded = true;
    this.push(null);
    if (this.readableLength === 0) this.read(0); // "end" comes although nobody reads.
  }

  #readNext(): void {
    this.#wantsToRead = false;
    this.#underneath?.stream.next().then((chunk) => {
      this.#idle.note();
      if (chunk === null) return this.#pushEnd();
      this.#answered = true;
      this.#satisfied = false;
      this.#bytesRead += chunk.length;
      const data = Buffer.isBuffer(chunk) ? chunk : bufferOver(chunk);
      const isTaken = callOut(() => this.push(data));
      if (!isTaken) this.read(0); // The stream goes on by itself only where its listeners return.
    }, (error) => this.#fail(error, "read"));
  }

  /** @ignore */
  override _read(): void {
    this.#wantsToRead = true;
    if (this.#isReady) this.#readNext();
  }

  /** @ignore */
  override _write(
    chunk: Uint8Array,
    _encoding: string,
    done: (error?: Error | null) => void,
  ): void {
    this.#answered = false;
    this.#idle.note();
    if (!this.#underneath) {
      return done(socketClosed("Socket is closed"));
    }
    this.#underneath.stream.write(chunk).then(() => {
      this.#bytesSent += chunk.length;
      this.#idle.note();
      callOut(done);
    }, (error) => this.#failWrite(error, done));
  }

  /**
   * Hands chunks that were written together on in one piece.
   *
   * @ignore
   */
  override _writev(
    chunks: { chunk: Uint8Array; encoding: string }[],
    done: (error?: Error | null) => void,
  ): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "", done);
  }

  #failWrite(error: unknown, done: (error?: Error | null) => void): void {
    if (this.#isReady && !this.destroyed) {
      const failure = this.#kind.errorOf(error, "write");
      return void (callOut(() => done(failure)) || this.destroy(failure));
    }
    this.#fail(error, "connect");
    // What was not sent is never called sent.
    const tell = () => void callOut(() => done(this.errored ?? writeCancelled(error)));
    if (this.destroyed) tell();
    else this.once("close", tell);
  }

  /** @ignore */
  override _final(done: (error?: Error | null) => void): void {
    this.#satisfied = this.#answered;
    if (!this.#underneath) return done();
    this.#underneath.stream.closeWrite().then(() => done(), (error) => {
      // Nobody may be left to say goodbye to.
      if (this.#peerEnded || this.#isEnd(error)) done();
      else this.#failWrite(error, done);
    });
  }

  /** @ignore */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.connecting = false;
    this.#idle.set(0);
    this.#onBegun = [];
    this.#underneath?.stream.close();
    done(error);
    setImmediate(() => this.emit("close", error !== null));
  }
}

function isLookupError(error: unknown): error is ConnectError {
  if (!(error instanceof ConnectError)) return false;
  return error.code === "NAME_NOT_FOUND" || error.code === "LOOKUP_FAILED";
}

function bufferOver({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}
