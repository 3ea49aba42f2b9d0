/**
 * TLS servers.
 *
 * @module
 */

import { createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { checkInside, inside } from "../../base/constructors.ts";
import { ConnectError } from "../../tcp/errors.ts";
import type { NetAddr } from "../../tcp/facts.ts";
import { acceptedFacts } from "../../tcp/listen/accepted.ts";
import type { ListenerFastOpen } from "../../tcp/listen/enable_fast_open.ts";
import { listen, type Started } from "../../tcp/listen/listen.ts";
import { Wire } from "../../tcp/wire/wire.ts";
import type { TlsConn } from "../conn.ts";
import type { ServerEngines } from "../engine/contract.ts";
import type { TlsError } from "../errors.ts";
import type { TlsStream } from "../stream.ts";
import { beginHandshake } from "./handshake.ts";
import type { ListenTlsSettings } from "./options.ts";

/** Connections that may wait for `accept` after their handshake. More clients are turned away. */
const MOST_WAITING = 1024;

/** Makes a listener and starts it. */
export let makeTlsListener: (settings: ListenTlsSettings, engines: ServerEngines) => TlsListener;

/**
 * A TLS server: an async iterable of its connections. Made by `listenTls`.
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
  #started: Started;
  #server: Server;
  #engines: ServerEngines;
  #settings: ListenTlsSettings;
  #handshaking = new Set<TlsStream>();
  #waiting: TlsConn[] = [];
  #acceptors: PromiseWithResolvers<TlsConn>[] = [];
  #closed = false;
  /** Why the listener is closed, if its owner has not closed it. */
  #failure: ConnectError | undefined;

  private constructor(key: typeof inside, settings: ListenTlsSettings, engines: ServerEngines) {
    checkInside(key, "listenTls makes listeners");
    this.#settings = settings;
    this.#engines = engines;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      // If no engine can be made, only this client is turned away.
      this.#handshake(socket).catch(() => socket.destroy());
    });
    this.#server.on("error", () => {}); // listen() tells the errors of listening.
    this.#started = listen(this.#server, settings, {
      onStarted: (started) => {
        this.#started = started;
        if (this.#closed) this.#server.close();
      },
      onFailure: (error) => {
        this.#failure = error;
        this.close();
      },
      onAcceptError: settings.onAcceptError ?? warn,
    });
    this.#server.once("close", () => this.close()); // A worker's primary may close it, too.
  }

  static {
    makeTlsListener = (settings, engines) => new TlsListener(inside, settings, engines);
  }

  /** Whether the listener takes data in the SYN. */
  get fastOpen(): ListenerFastOpen {
    return this.#started.fastOpen;
  }

  /** The address that the server listens on, with the port that was picked. */
  get addr(): NetAddr {
    return this.#started.addr;
  }

  /**
   * The next connection whose handshake is complete, or whose early data has arrived.
   *
   * @throws {ConnectError} `LISTENER_CLOSED` once the listener is closed; in a worker of
   * `node:cluster` also why its primary process could not listen, with the codes of `listenTls`
   */
  accept(): Promise<TlsConn> {
    const waiting = this.#waiting.shift();
    if (waiting) return Promise.resolve(waiting);
    if (this.#closed) return Promise.reject(this.#failure ?? closedListener());
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
    for (const acceptor of this.#acceptors.splice(0)) {
      acceptor.reject(this.#failure ?? closedListener());
    }
  }

  /** Lets the listener keep the process alive; the default. */
  ref(): void {
    this.#server.ref();
  }

  /** Lets the process end while the listener is open. */
  unref(): void {
    this.#server.unref();
  }

  /** Every connection, until the listener is closed. Throws why a worker's primary can't listen. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TlsConn, void, undefined> {
    while (true) {
      let conn: TlsConn;
      try {
        conn = await this.accept();
      } catch (error) {
        if (this.#failure) throw error;
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
    const { fastOpen: wanted, handshakeTimeout, onHandshakeError } = this.#settings;
    const facts = acceptedFacts(socket, { wanted, fastOpen: this.fastOpen });
    if (this.#closed || this.#waiting.length >= MOST_WAITING) return void socket.destroy();
    const arrived = { wire: Wire.over(socket), received: [], ended: false };
    const accepted = { startedAt, facts, handshakeTimeout };
    const { stream, conn } = beginHandshake(arrived, this.#engines.accept(), accepted);
    this.#handshaking.add(stream);
    stream.secured.catch(() => {}).finally(() => this.#handshaking.delete(stream));
    try {
      const made = await conn;
      this.#handshaking.delete(stream); // A connection that is handed out outlives the listener.
      this.#handOut(made);
    } catch (error) {
      if (this.#closed || !onHandshakeError) return;
      // An error that the callback throws becomes an uncaught exception.
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

function warn({ message, errno }: ConnectError): void {
  process.emitWarning(message, errno === undefined ? {} : { code: errno });
}

function closedListener(): ConnectError {
  return new ConnectError("LISTENER_CLOSED", "The listener was closed");
}
