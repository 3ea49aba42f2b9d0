/**
 * A connection that is made by its first write.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { setImmediate } from "node:timers";
import { quoted } from "../../base/authority.ts";
import { ConnectError } from "../../tcp/errors.ts";
import type { ConnFacts } from "../../tcp/facts.ts";
import type { Destination } from "../../tcp/options.ts";
import { closedHere } from "../../tcp/wire/ends.ts";
import type { Connected } from "./establish.ts";
import type { TlsKnown, TlsTiming } from "../conn.ts";
import type { EngineInfo, EngineName } from "../engine/contract.ts";
import { TlsError } from "../errors.ts";
import type { TlsByteStream, TlsStream } from "../stream.ts";
import type { TlsWarning } from "../warnings.ts";

/** Connects, with early data if there are any. */
export type Connect = (
  earlyData: Uint8Array | undefined,
  signal: AbortSignal,
) => Promise<Connected>;

/**
 * Takes the place of a connection until it is made. Everything that is written in one turn of the
 * event loop becomes early data, so that a request may be written in pieces.
 */
export class FirstWriteStream implements TlsByteStream, TlsKnown {
  readonly side = "client";
  readonly engineName: EngineName;
  onRelease: (() => void) | undefined;
  #destination: Destination;
  #connect: Connect;
  #connected: Connected | undefined;
  /** Rejects when the connection can't be made. */
  #connecting: PromiseWithResolvers<Connected> = Promise.withResolvers();
  #started = false;
  #first: Uint8Array[] = [];
  #closing = new AbortController();
  #referenced = true;
  /** Set while somebody waits for a connection that nobody has begun. */
  #patience: ReturnType<typeof setTimeout> | undefined;

  constructor(destination: Destination, engineName: EngineName, connect: Connect) {
    this.engineName = engineName;
    this.#destination = destination;
    this.#connect = connect;
    this.#connecting.promise.catch(() => {}); // Each read and write gets the error itself.
  }

  get isSecure(): boolean {
    return this.#connected?.stream.isSecure ?? false;
  }

  get refusedRenegotiation(): boolean {
    return this.#connected?.stream.refusedRenegotiation ?? false;
  }

  get secured(): Promise<void> {
    return this.#awaited().then((stream) => stream.secured);
  }

  get facts(): ConnFacts {
    return this.#standing.facts;
  }

  get timing(): TlsTiming {
    return this.#standing.timing;
  }

  get warnings(): readonly TlsWarning[] {
    return this.#standing.warnings;
  }

  info(): EngineInfo {
    return this.#standing.stream.info();
  }

  async handshake(): Promise<void> {
    await (await this.#start()).handshake();
  }

  async read(p: Uint8Array): Promise<number | null> {
    return await (await this.#awaited()).read(p);
  }

  async next(): Promise<Uint8Array | null> {
    return await (await this.#awaited()).next();
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#started) return await (await this.#stream()).write(bytes);
    if (bytes.length === 0) return;
    this.#first.push(new Uint8Array(bytes)); // A copy: it may be sent again, after this write.
    if (this.#first.length === 1) setImmediate(() => this.#begin());
    await this.#stream();
  }

  async closeWrite(): Promise<void> {
    await (await this.#start()).closeWrite();
  }

  close(): void {
    if (this.#connected) return this.#connected.stream.close();
    this.#giveUp(closedHere(this.#destination));
  }

  ref(): void {
    this.#referenced = true;
    this.#patience?.ref();
    this.#connected?.stream.ref();
  }

  unref(): void {
    this.#referenced = false;
    this.#patience?.unref();
    this.#connected?.stream.unref();
  }

  get #standing(): Connected {
    if (this.#connected) return this.#connected;
    const { hostname, port } = this.#destination;
    throw new TlsError(
      "NOT_CONNECTED",
      `The connection to ${quoted({ hostname, port })} waits for its first write; ` +
        "handshake() connects without",
      { hostname, port },
    );
  }

  async #stream(): Promise<TlsStream> {
    return (await this.#connecting.promise).stream;
  }

  /**
   * The stream, for a caller who does not begin the connection. A caller who waits for a peer that speaks
   * first would wait for ever: nothing is sent until something is written.
   */
  #awaited(): Promise<TlsStream> {
    const { signal, connectTimeout } = this.#destination;
    if (!this.#started && !this.#closing.signal.aborted && this.#patience === undefined) {
      this.#patience = setTimeout(() => this.#giveUp(this.#nothingWritten()), connectTimeout);
      if (!this.#referenced) this.#patience.unref();
      signal?.addEventListener("abort", this.#onAbort);
      if (signal?.aborted) this.#onAbort();
    }
    return this.#stream();
  }

  readonly #onAbort = () => this.#giveUp(this.#destination.signal?.reason);

  #nothingWritten(): ConnectError {
    const { hostname, port, connectTimeout } = this.#destination;
    return new ConnectError(
      "TIMED_OUT",
      `Nothing was written to ${quoted({ hostname, port })} within ${connectTimeout} ms; with ` +
        'earlyData: "first-write" the first write makes the connection, or handshake() does',
      { hostname, port },
    );
  }

  #giveUp(reason: unknown): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(reason);
    this.#fail(reason);
  }

  #endPatience(): void {
    clearTimeout(this.#patience);
    this.#destination.signal?.removeEventListener("abort", this.#onAbort);
  }

  #start(): Promise<TlsStream> {
    this.#begin();
    return this.#stream();
  }

  #begin(): void {
    if (this.#started || this.#closing.signal.aborted) return;
    this.#started = true;
    this.#endPatience();
    const first = Buffer.concat(this.#first.splice(0));
    const { signal: given } = this.#destination;
    const { signal } = this.#closing;
    this.#connect(
      first.length > 0 ? first : undefined,
      given ? AbortSignal.any([given, signal]) : signal,
    ).then((connected) => this.#stand(connected), (error) => this.#fail(error));
  }

  #stand(connected: Connected): void {
    const { stream } = connected;
    if (this.#closing.signal.aborted) return stream.close();
    this.#connected = connected;
    stream.onRelease = () => this.onRelease?.();
    if (!this.#referenced) stream.unref();
    this.#connecting.resolve(connected);
  }

  #fail(error: unknown): void {
    this.#endPatience();
    this.#connecting.reject(error);
    this.onRelease?.();
  }
}
