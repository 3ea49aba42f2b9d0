/**
 * TLS servers.
 *
 * @module
 */

import { createServer, type Server, type Socket } from "node:net";
import { quoted } from "../tcp/authority.ts";
import type { NetAddr } from "../tcp/conn.ts";
import { ConnectError } from "../tcp/errors.ts";
import {
  acceptedFacts,
  checkListenOptions,
  listen,
  listenAddress,
  type ListenOptions,
} from "../tcp/listen.ts";
import type { ListenerFastOpen } from "../tcp/listener_fast_open.ts";
import { LONGEST_TIMEOUT, mustBe } from "../tcp/options.ts";
import { snapshot } from "../tcp/snapshot.ts";
import { Wire } from "../tcp/wire.ts";
import { TlsConn } from "./conn.ts";
import { serverEngines } from "./engines.ts";
import { TlsError } from "./errors.ts";
import { keyLogOf } from "./keylog.ts";
import type { ServerEngines } from "./openssl/server.ts";
import { checkCommonOptions, type CommonTlsOptions } from "./options.ts";
import { TlsStream } from "./stream.ts";

/** Options of {@linkcode listenTls}. */
export interface ListenTlsOptions extends ListenOptions, CommonTlsOptions {
  /** The certificate chain to present, in PEM, leaf first. */
  cert: string;
  /** Its private key in PEM, not encrypted. */
  key: string;
  /**
   * Bytes of early data to take per connection (RFC 8446, section 2.3). Default 0: none. Early data
   * may be a replay of what somebody else recorded; each ticket is taken once here, but another
   * server with the same key would take it again. Answer only what may be repeated before
   * `conn.handshake()` resolves.
   */
  maxEarlyData?: number;
  /** Milliseconds a client may take for its handshake. Default 10,000. */
  handshakeTimeout?: number;
  /**
   * Hears of clients whose handshake failed; they are not handed out and disturb nothing else. Of one
   * that left at once the address may be unknown: `""` and 0. What it throws is an uncaught exception,
   * which any client could bring about.
   */
  onHandshakeError?: (error: TlsError | ConnectError, client: NetAddr) => void;
}

/** Default of {@linkcode ListenTlsOptions.handshakeTimeout}, milliseconds. */
const HANDSHAKE_TIMEOUT = 10_000;

/** Connections that may wait for `accept` after their handshake; beyond, clients are turned away. */
const MOST_WAITING = 1024;

/**
 * A TLS server: an async iterable of its connections. Made by {@linkcode listenTls}.
 *
 * ```ts
 * import { listenTls } from "@firstflight/tls";
 * import { cert, key } from "./examples/certificate.ts";
 *
 * using listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
 * setTimeout(() => listener.close(), 100);
 * for await (const conn of listener) conn.close();
 * ```
 */
export class TlsListener implements AsyncIterable<TlsConn> {
  /** Whether the listener takes data in the SYN. */
  readonly fastOpen: ListenerFastOpen;
  /** The address that is listened on, with the port that was picked. */
  readonly addr: NetAddr;
  #server: Server;
  #engines: ServerEngines;
  #options: ListenTlsOptions;
  #handshaking = new Set<TlsStream>();
  #waiting: TlsConn[] = [];
  #acceptors: PromiseWithResolvers<TlsConn>[] = [];
  #closed = false;

  /** @ignore */
  constructor(options: ListenTlsOptions, engines: ServerEngines) {
    this.#options = options;
    this.#engines = engines;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      // Without an engine for it, one client is turned away and the others are not disturbed.
      this.#handshake(socket).catch(() => socket.destroy());
    });
    this.#server.on("error", () => {}); // What could go wrong has been thrown by listen().
    this.fastOpen = listen(this.#server, options);
    this.addr = listenAddress(this.#server); // Once closed, it would not tell any more.
  }

  /**
   * The next connection whose handshake is complete, or whose early data has arrived.
   *
   * @throws {TlsError} `CONNECTION_CLOSED` once the listener is closed
   */
  accept(): Promise<TlsConn> {
    const waiting = this.#waiting.shift();
    if (waiting) return Promise.resolve(waiting);
    if (this.#closed) return Promise.reject(closedListener());
    const acceptor = Promise.withResolvers<TlsConn>();
    this.#acceptors.push(acceptor);
    return acceptor.promise;
  }

  /** Stops listening. Connections that were handed out go on; all others are closed. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#server.close();
    this.#engines.free();
    for (const stream of this.#handshaking) stream.close();
    for (const conn of this.#waiting.splice(0)) conn.close();
    for (const acceptor of this.#acceptors.splice(0)) acceptor.reject(closedListener());
  }

  /** Lets the listener keep the process alive; the default. */
  ref(): void {
    this.#server.ref();
  }

  /** Lets the process end while the listener is open. */
  unref(): void {
    this.#server.unref();
  }

  /** Every connection, until the listener is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TlsConn, void, undefined> {
    while (true) {
      let conn: TlsConn;
      try {
        conn = await this.accept();
      } catch {
        return;
      }
      yield conn;
    }
  }

  /** Closes; for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  async #handshake(socket: Socket): Promise<void> {
    const startedAt = performance.now();
    const facts = acceptedFacts(socket, this.fastOpen);
    const { hostname, port } = facts.remoteAddr;
    const peer = { hostname, port };
    if (this.#closed || this.#waiting.length >= MOST_WAITING) return void socket.destroy();
    const wire = Wire.over(socket);
    const engine = this.#engines.accept();
    engine.start();
    const stream = new TlsStream(wire, engine, peer, "server");
    this.#handshaking.add(stream);
    const { handshakeTimeout = HANDSHAKE_TIMEOUT } = this.#options;
    const timer = setTimeout(() => {
      stream.fail(
        new ConnectError(
          "TIMED_OUT",
          `The handshake with ${quoted(peer)} took more than ${handshakeTimeout} ms`,
          peer,
        ),
      );
    }, handshakeTimeout);
    stream.secured.catch(() => {}).finally(() => {
      clearTimeout(timer);
      this.#handshaking.delete(stream);
    });
    try {
      await stream.ready;
      this.#handshaking.delete(stream); // Handed out: it outlives the listener.
      const timing = {
        lookup: 0,
        open: 0,
        firstByte: stream.firstByteAt - startedAt,
        secure: performance.now() - startedAt,
      };
      this.#handOut(new TlsConn(stream, { facts, timing, warnings: [] }));
    } catch (error) {
      const { onHandshakeError } = this.#options;
      if (this.#closed || !onHandshakeError) return;
      // What it throws is its own, and an uncaught exception like any other.
      queueMicrotask(() => onHandshakeError(error as TlsError | ConnectError, facts.remoteAddr));
    }
  }

  #handOut(conn: TlsConn): void {
    const acceptor = this.#acceptors.shift();
    if (acceptor) acceptor.resolve(conn);
    else if (this.#closed) conn.close();
    else this.#waiting.push(conn);
  }
}

function closedListener(): TlsError {
  return new TlsError("CONNECTION_CLOSED", "The listener was closed");
}

/**
 * Starts a TLS server that takes its clients' first flights out of their SYNs (RFC 7413).
 *
 * Listening for Fast Open takes `sysctl -w net.ipv4.tcp_fastopen=3` on Linux; without it the server
 * works all the same and `listener.fastOpen` says what is missing. Needs OpenSSL, and `--allow-net` and
 * `--allow-ffi` under Deno and under Node's `--permission`.
 *
 * While 1,024 connections wait for `accept`, or for the loop over the listener, further clients are
 * turned away: take connections as they come, and do not await one's work before taking the next.
 *
 * ```ts
 * import { listenTls } from "@firstflight/tls";
 * import { cert, key } from "./examples/certificate.ts";
 *
 * const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key, maxEarlyData: 16_384 });
 * console.log(listener.addr.port, listener.fastOpen);
 * listener.close();
 * ```
 *
 * @throws {TlsError} `INVALID_OPTION`; `INVALID_PEM` when the certificate or its key is not usable;
 * `ENGINE_UNAVAILABLE` when OpenSSL can't be loaded, `FEATURE_UNAVAILABLE` with `engine: "runtime"`
 * @throws {ConnectError} `INVALID_OPTION` for an option of {@linkcode ListenOptions};
 * `ADDRESS_IN_USE`, `ADDRESS_NOT_AVAILABLE`, `PERMISSION_DENIED`, or another code and its `errno`, when the
 * address can't be listened on
 */
export function listenTls(given: ListenTlsOptions): TlsListener {
  const options = snapshot(given);
  checkListenOptions(options);
  checkCommonOptions(options, {});
  const { cert, key, maxEarlyData = 0, handshakeTimeout, onHandshakeError } = options;
  const refuse = (name: string, expectation: string, value: unknown): never => {
    throw new TlsError("INVALID_OPTION", mustBe(name, expectation, value));
  };
  if (cert === undefined) refuse("cert", "a string in PEM", cert);
  if (!Number.isInteger(maxEarlyData) || maxEarlyData < 0 || maxEarlyData > 0xffffffff) {
    refuse("maxEarlyData", "a number of bytes from 0 to 4294967295", maxEarlyData);
  }
  if (handshakeTimeout !== undefined) {
    const valid = typeof handshakeTimeout === "number" && handshakeTimeout > 0 &&
      handshakeTimeout <= LONGEST_TIMEOUT;
    const expectation = `milliseconds from 1 to ${LONGEST_TIMEOUT}`;
    if (!valid) refuse("handshakeTimeout", expectation, handshakeTimeout);
  }
  if (onHandshakeError !== undefined && typeof onHandshakeError !== "function") {
    refuse("onHandshakeError", "a function", onHandshakeError);
  }
  const engines = serverEngines(options.engine, {
    cert,
    key,
    alpnProtocols: options.alpnProtocols ?? [],
    minVersion: options.minVersion ?? "TLSv1.2",
    maxVersion: options.maxVersion ?? "TLSv1.3",
    maxEarlyData: maxEarlyData + 0, // FFI minds a minus before the 0.
    keyLog: keyLogOf(options.keyLog),
  });
  try {
    return new TlsListener(options, engines);
  } catch (error) {
    engines.free();
    throw error;
  }
}
