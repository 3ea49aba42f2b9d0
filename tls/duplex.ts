/**
 * The Node face of a connection: a `Duplex` that can be used as a `tls.TLSSocket`.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { Duplex } from "node:stream";
import type { PeerCertificate } from "node:tls";
import { checkInside, inside } from "../base/constructors.ts";
import { LONGEST_TIMEOUT } from "../base/options.ts";
import { ConnectError } from "../tcp/errors.ts";
import type { NetAddr } from "../tcp/facts.ts";
import type { EngineInfo } from "./engine/contract.ts";
import { TlsError } from "./errors.ts";
import type { TlsByteStream } from "./stream.ts";

/** The parts of a connection that the Node face needs. */
export interface DuplexConn extends EngineInfo {
  readonly localAddr: NetAddr;
  readonly remoteAddr: NetAddr;
  write(bytes: Uint8Array): Promise<number>;
  closeWrite(): Promise<void>;
  close(): void;
  ref(): void;
  unref(): void;
}

/** Makes the Node face of a connection. */
export let makeTlsDuplex: (conn: DuplexConn, stream: TlsByteStream) => TlsDuplex;

/**
 * A connection in the shape that Node's ecosystem expects, with everything that `https.Agent`,
 * `ws`, `pg` and `ioredis` look for on a TLS socket. `conn.duplex` makes it; destroying it closes
 * the connection.
 *
 * ```ts
 * import { connectTls, listenTls } from "@firstflight/tls";
 * import { cert, key } from "./examples/certificate.ts";
 * import { text } from "node:stream/consumers";
 *
 * const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
 * const served = listener.accept().then(async (conn) => {
 *   await conn.write(new TextEncoder().encode("hello"));
 *   await conn.closeWrite();
 * });
 *
 * const { port } = listener.addr;
 * const conn = await connectTls({ hostname: "127.0.0.1", port, caCerts: [cert] });
 * console.log(conn.duplex.getPeerX509Certificate()?.subject);
 * console.log(await text(conn.duplex)); // "hello"
 * await served;
 * conn.close();
 * listener.close();
 * ```
 */
export class TlsDuplex extends Duplex {
  /** Always `true`, as on `tls.TLSSocket`. */
  readonly encrypted = true;
  /** Always `null`: a connection to a peer that fails the verification is never made. */
  readonly authorizationError: null = null;
  #conn: DuplexConn;
  #stream: TlsByteStream;
  /** Whether the peer has said all that it had to say. */
  #peerEnded = false;
  #truncated = false;
  /** Whether something was read since the last write. */
  #answered = false;
  /** Whether the caller has ended after an answer, and nothing has come since. */
  #satisfied = false;

  private constructor(key: typeof inside, conn: DuplexConn, stream: TlsByteStream) {
    checkInside(key, "conn.duplex makes one");
    super({ allowHalfOpen: true });
    this.#conn = conn;
    this.#stream = stream;
    if (this.connecting) stream.secured.then(() => this.#connected(), (error) => this.#end(error));
  }

  static {
    makeTlsDuplex = (conn, stream) => new TlsDuplex(inside, conn, stream);
  }

  /** Whether the peer's certificate was verified. */
  get authorized(): boolean {
    const { side, isSecure } = this.#stream;
    return isSecure && (side === "client" || this.#conn.peerCertificate !== undefined);
  }

  /**
   * Whether the peer has ended without close_notify. Then somebody on the way may have cut the end off.
   * As on `tls.TLSSocket`, which does not tell, that is no error here: many servers of HTTP/1.0 end so.
   * Nor is a reset that follows when this end was ended after an answer.
   */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** Whether the connection still waits for its first write, or for the peer. */
  get connecting(): boolean {
    return this.#stream.side === "client" && !this.#stream.isSecure;
  }

  /** The application protocol (RFC 7301); `false` where there is none, as on `tls.TLSSocket`. */
  get alpnProtocol(): string | false {
    return this.#conn.alpnProtocol ?? false;
  }

  /** The peer's IP address; `undefined` while connecting. */
  get remoteAddress(): string | undefined {
    return this.#addr("remoteAddr")?.hostname;
  }

  /** The peer's port; `undefined` while connecting. */
  get remotePort(): number | undefined {
    return this.#addr("remoteAddr")?.port;
  }

  /** The IP version of the peer's address; `undefined` while connecting. */
  get remoteFamily(): "IPv4" | "IPv6" | undefined {
    const { remoteAddress } = this;
    if (remoteAddress === undefined) return undefined;
    return remoteAddress.includes(":") ? "IPv6" : "IPv4";
  }

  /** This end's IP address; `undefined` while connecting. */
  get localAddress(): string | undefined {
    return this.#addr("localAddr")?.hostname;
  }

  /** This end's port; `undefined` while connecting. */
  get localPort(): number | undefined {
    return this.#addr("localAddr")?.port;
  }

  #addr(end: "localAddr" | "remoteAddr"): NetAddr | undefined {
    return this.connecting ? undefined : this.#conn[end];
  }

  #connected(): void {
    this.emit("connect");
    this.emit("secureConnect");
  }

  #end(error: unknown): void {
    if (this.#isCut(error)) {
      this.#truncated = true;
      this.once("end", () => this.end()); // Nothing can be sent any more, either.
      return this.#pushEnd();
    }
    // The caller has closed the connection itself, so this is no error of the stream.
    const closedHere = error instanceof ConnectError && error.code === "CONNECTION_CLOSED";
    this.destroy(closedHere ? undefined : error as Error);
  }

  /** Whether an error says that the peer has gone, which may be its way to end. */
  #isCut(error: unknown): boolean {
    if (error instanceof TlsError) return error.code === "TRUNCATED";
    const isReset = error instanceof ConnectError && error.code === "CONNECTION_RESET";
    return isReset && this.#satisfied;
  }

  #pushEnd(): void {
    this.#peerEnded = true;
    this.push(null);
  }

  /** The protocol's version, such as `TLSv1.3`. */
  getProtocol(): string {
    return this.#conn.protocol;
  }

  /** The cipher suite. */
  getCipher(): { name: string; standardName: string; version: string } {
    const { cipher, protocol } = this.#conn;
    return { name: cipher, standardName: cipher, version: protocol };
  }

  /** Whether the session was resumed. */
  isSessionReused(): boolean {
    return this.#conn.resumed;
  }

  /** The peer's certificate as Node's `tls` describes it; an empty object where it sent none. */
  getPeerCertificate(): PeerCertificate | Record<string, never> {
    const certificate = this.getPeerX509Certificate();
    return certificate ? certificate.toLegacyObject() as PeerCertificate : {};
  }

  /** The peer's certificate; `undefined` where it sent none. */
  getPeerX509Certificate(): X509Certificate | undefined {
    const der = this.#conn.peerCertificate;
    return der && new X509Certificate(der);
  }

  /** Does nothing: TCP_NODELAY is on already. */
  setNoDelay(): this {
    return this;
  }

  /** Does nothing; here for callers that expect a socket. */
  setKeepAlive(): this {
    return this;
  }

  /**
   * Emits "timeout" after `milliseconds` without traffic, as `net.Socket` does; 0 switches it off.
   *
   * @throws {RangeError} when `milliseconds` is negative or not finite; its code is Node's own
   */
  setTimeout(milliseconds: number, listener?: () => void): this {
    if (!Number.isFinite(milliseconds) || milliseconds < 0) {
      const message = `A timeout must be 0 or more milliseconds, got ${String(milliseconds)}`;
      throw Object.assign(new RangeError(message), { code: "ERR_OUT_OF_RANGE" });
    }
    clearTimeout(this.#idle);
    this.#idleAfter = Math.min(milliseconds, LONGEST_TIMEOUT);
    if (listener) this.once("timeout", listener);
    this.#touch();
    return this;
  }

  /** Lets the connection keep the process alive. */
  ref(): this {
    this.#conn.ref();
    return this;
  }

  /** Lets the process end while the connection is open. */
  unref(): this {
    this.#conn.unref();
    return this;
  }

  /** Ends the writing side, then closes, as `net.Socket` does. */
  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  #idle: ReturnType<typeof setTimeout> | undefined;
  #idleAfter = 0;

  #touch(): void {
    clearTimeout(this.#idle);
    if (this.#idleAfter === 0 || this.destroyed) return;
    this.#idle = setTimeout(() => this.emit("timeout"), this.#idleAfter);
    this.#idle.unref?.();
  }

  /** @ignore */
  override _read(): void {
    this.#stream.next().then((chunk) => {
      this.#touch();
      if (chunk === null) return this.#pushEnd();
      this.#answered = true;
      this.#satisfied = false;
      this.push(chunk);
    }, (error) => this.#end(error));
  }

  /** @ignore */
  override _write(
    chunk: Uint8Array,
    _encoding: string,
    done: (error?: Error | null) => void,
  ): void {
    this.#answered = false;
    this.#conn.write(chunk).then(() => {
      this.#touch();
      done();
    }, done);
  }

  /**
   * Sends chunks that were written together as one piece, so that they can be one piece of early
   * data.
   *
   * @ignore
   */
  override _writev(
    chunks: { chunk: Uint8Array; encoding: string }[],
    done: (error?: Error | null) => void,
  ): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "", done);
  }

  /** @ignore */
  override _final(done: (error?: Error) => void): void {
    this.#satisfied = this.#answered;
    this.#conn.closeWrite().then(() => done(), (error) => {
      // Nobody may be left to say goodbye to.
      if (this.#peerEnded || this.#isCut(error)) done();
      else done(error);
    });
  }

  /** @ignore */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#idle);
    this.#conn.close();
    done(error);
  }
}
