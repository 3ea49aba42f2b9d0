/**
 * A scene: servers, sockets, and an account of all that can be observed.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ConnectionOptions,
  createServer as createTlsServer,
  type TlsOptions,
  type TLSSocket,
} from "node:tls";
import { listenTls, type TlsSocket } from "../../../mod.ts";
import { certificates } from "../certificates.ts";
import { type Kind, kindUnderTest } from "./kind.ts";

/** Options that `tls.connect` takes. Its types leave out what it hands on to the socket. */
export interface JudgedOptions extends ConnectionOptions {
  readonly allowHalfOpen?: boolean;
  readonly highWaterMark?: number;
  readonly signal?: AbortSignal;
}

/** What is judged: connects as `tls.connect` does. */
export type Connect = (options: JudgedOptions) => TLSSocket;

/** Milliseconds: more than anything takes that is waited for, less than a test may take. */
const PATIENCE = 3_000;

/** The events that belong to the account, in the order in which they come. */
const EVENTS = new Set(
  ["lookup", "connect", "ready", "secureConnect", "data", "end", "finish"]
    .concat(["error", "timeout", "drain", "close", "OCSPResponse"]),
);

/** How one socket has been so far. */
interface Watched {
  readonly name: string;
  readonly events: readonly string[] | undefined;
  readonly counts: Map<string, number>;
  readonly waiting: Set<() => void>;
}

/** What has come, one event after another. */
class Data {
  readonly name: string;
  #pieces: Buffer[] = [];
  #type = "";

  constructor(name: string) {
    this.name = name;
  }

  add(chunk: unknown): void {
    if (typeof chunk === "string") this.#type = "text ";
    this.#pieces.push(Buffer.from(chunk as Uint8Array));
  }

  toString(): string {
    return `${this.name}data ${this.#type}${showBytes(Buffer.concat(this.#pieces))}`;
  }
}

/** Servers and sockets, and what has been observed of them. */
export class Scene implements AsyncDisposable {
  readonly #connect: Connect;
  readonly #kind: Kind;
  readonly #lines: (string | Data)[] = [];
  /** What callbacks of writes are told, and what servers see. */
  readonly #aside = { "callback": [] as string[], "server": [] as string[] };
  readonly #watched = new Map<object, Watched>();
  readonly #disposals: (() => void | Promise<void>)[] = [];
  readonly #ports = new Map<number, string>();

  constructor(connect: Connect) {
    this.#connect = connect;
    this.#kind = kindUnderTest();
  }

  /**
   * Connects to a server of this scene by what is judged, and writes down each event with the state at that
   * moment, or only `events`, without states, where their order is nobody's promise. Listens to nothing but
   * errors.
   */
  connect(options: JudgedOptions, events?: readonly string[]): TLSSocket {
    const socket = this.#connect({ host: "127.0.0.1", ...options });
    const name = this.#watched.size === 0 ? "" : `${this.#watched.size + 1}: `;
    const watched: Watched = { name, events, counts: new Map(), waiting: new Set() };
    this.#watched.set(socket, watched);
    const emit = socket.emit;
    socket.emit = (event: string | symbol, ...values: unknown[]) => {
      if (typeof event === "string") {
        const isBunsEnd = isBuns(socket, event);
        const isWanted = events?.includes(event) ?? EVENTS.has(event);
        if (isWanted && !isBunsEnd) this.#event(socket, watched, event, values);
        watched.counts.set(event, (watched.counts.get(event) ?? 0) + 1);
      }
      const result = Reflect.apply(emit, socket, [event, ...values]);
      for (const look of watched.waiting) look();
      return result;
    };
    socket.on("error", () => {});
    this.#disposals.push(() => void socket.destroy());
    return socket;
  }

  #event(socket: TLSSocket, { name, events }: Watched, event: string, values: unknown[]): void {
    if (event === "data") return this.#gather(name, values[0]);
    // Bun's `secureConnect` passes undefined.
    while (values.length > 0 && values.at(-1) === undefined) values = values.slice(0, -1);
    const said = values.map((value) => this.show(value)).join(" ");
    const line = `${name}${event}${said && ` ${said}`}`;
    // How often it drains depends on the size of segments.
    if (event === "drain" && `${this.#lines.at(-1)}`.startsWith(`${name}drain`)) return;
    this.note(events ? line : `${line} [${stateOf(socket)}]`);
  }

  /** Data that come in pieces are the same data. */
  #gather(name: string, chunk: unknown): void {
    let last = this.#lines.at(-1);
    if (!(last instanceof Data && last.name === name)) this.#lines.push(last = new Data(name));
    last.add(chunk);
  }

  /** Adds a line to the account. */
  note(line: string): void {
    this.#lines.push(line);
  }

  /** Adds a line to what the server has seen, whose order against the client's lines means nothing. */
  served(line: string): void {
    this.#aside.server.push(line);
  }

  /** Everything that has been observed. */
  get account(): readonly string[] {
    const aside = Object.entries(this.#aside);
    return [
      ...this.#lines.map(String),
      ...aside.flatMap(([whose, lines]) => lines.map((line) => `${whose}: ${line}`)),
    ];
  }

  /** Adds the socket's state. */
  state(socket: TLSSocket, when: string): void {
    this.note(`${when}: ${stateOf(socket)}`);
  }

  /** Adds what a socket says of its connection. */
  tells(socket: TLSSocket): void {
    const { remoteAddress, remoteFamily, remotePort, localAddress, localPort } = socket;
    this.note(this.show({ remoteAddress, remoteFamily, localAddress }));
    this.note(`${this.show(remotePort)} ${typeof localPort}`);
    if (this.#kind.name === "tcp") return;
    const { authorized, authorizationError, encrypted } = socket;
    this.note(`${authorized} ${this.show(authorizationError)} ${encrypted}`);
    // Without a connection it is `null` for one, and `false` for another.
    if (!socket.destroyed) this.note(`${socket.alpnProtocol || "no ALPN"} ${socket.getProtocol()}`);
  }

  /** A value, as an account shows it. */
  show(value: unknown): string {
    if (value instanceof Error) return this.#showError(value);
    if (typeof value === "number") return this.#ports.get(value) ?? String(value);
    if (value instanceof Uint8Array) return showBytes(Buffer.from(value));
    return typeof value === "string" ? nameOf(value) : JSON.stringify(value) ?? String(value);
  }

  /** What libraries read from an error. */
  #showError(error: Error): string {
    const { code = error.message, ...rest } = error as unknown as Record<string, unknown>;
    const facts = ["syscall", "address", "port", "hostname", "host"];
    // Of the others the text is OpenSSL's, or BoringSSL's, or a number of libuv's.
    if (code === "ERR_TLS_CERT_ALTNAME_INVALID") facts.push("reason");
    if (rest["syscall"] === "connect") facts.push("errno");
    const shown = facts.filter((fact) => rest[fact] !== undefined)
      .map((fact) => `${fact}=${this.show(rest[fact])}`);
    return `{${[nameOf(String(code)), ...shown].join(" ")}}`;
  }

  /** Resolves once the socket has emitted an event, `times` times since it was made. */
  async event(socket: TLSSocket, event: string, times = 1): Promise<void> {
    const watched = this.#watched.get(socket);
    if (!watched) throw new Error("This socket is not watched");
    await this.until(
      `"${event}"`,
      () => (watched.counts.get(event) ?? 0) >= times,
      watched.waiting,
    );
  }

  /** Resolves once bytes may be exchanged over a socket. */
  async stands(socket: TLSSocket): Promise<void> {
    await this.event(socket, this.#kind.stands);
  }

  /** Resolves once something is so; looks whenever something has happened, and now and then. */
  async until(
    what: string,
    look: () => boolean,
    waiting: Set<() => void> = new Set(),
  ): Promise<void> {
    const end = Date.now() + PATIENCE;
    while (!look()) {
      if (Date.now() > end) throw new Error(`There was no ${what}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, 5);
      waiting.add(resolve);
      await promise;
      waiting.delete(resolve);
      clearTimeout(timer);
    }
  }

  /** Gives what is still to come the time to come. */
  async settle(milliseconds = 10): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    await sleep(milliseconds);
  }

  /** Writes, and writes down aside what the callback is told. */
  write(socket: TLSSocket, chunk: string): boolean {
    return socket.write(chunk, this.called(`wrote ${chunk.slice(0, 20)}`));
  }

  /** Ends, and writes down aside what the callback is told. */
  end(socket: TLSSocket, chunk?: string): void {
    const done = this.called(chunk === undefined ? "ended" : `ended with ${chunk}`);
    if (chunk === undefined) socket.end(done);
    else socket.end(chunk, done as () => void);
  }

  /** A callback of a write. When it is called is a matter of the kernel's buffers. */
  called(what: string): (error?: Error | null) => void {
    return (error) => {
      const { code } = (error ?? {}) as { code?: string };
      // How a system call has failed differs; that a stream was ended or destroyed does not.
      const why = code?.startsWith("ERR_STREAM") ? code : "an error";
      this.#aside.callback.push(error ? `not ${what}: ${why}` : what);
    };
  }

  /** Starts a server for the sockets that are judged. Returns its port. */
  async serve(
    behave: (socket: TLSSocket) => void = () => {},
    options: TlsOptions = {},
    host = "127.0.0.1",
  ): Promise<number> {
    if (this.#kind.name === "tcp") {
      const { allowHalfOpen = false } = options;
      return await this.serveTcp((peer) => behave(peer as TLSSocket), host, allowHalfOpen);
    }
    const { cert, key } = certificates().server;
    const server = createTlsServer({ cert, key, ...options }, (socket) => {
      this.#ownSocket(socket);
      behave(socket);
    });
    server.on("tlsClientError", () => {});
    server.on("connection", (socket: Socket) => this.#ownSocket(socket));
    return await this.#listen(server, host);
  }

  /** Starts a server of this module, for what the runtime's own of TLS is not good at. Returns its port. */
  async serveByListener(behave: (peer: TlsSocket) => void): Promise<number> {
    if (this.#kind.name === "tcp") {
      return await this.serveTcp((peer) => behave(peer as unknown as TlsSocket));
    }
    const { cert, key } = certificates().server;
    const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
    this.#disposals.push(() => listener.close());
    (async () => {
      for await (const conn of listener) {
        const { duplex } = conn;
        duplex.on("error", () => {});
        this.#disposals.push(() => void duplex.destroy());
        behave(duplex);
      }
    })();
    this.name(listener.addr.port, "PORT");
    return listener.addr.port;
  }

  /** Starts a TCP server. Returns its port. */
  async serveTcp(
    behave: (socket: Socket) => void,
    host = "127.0.0.1",
    allowHalfOpen = true,
  ): Promise<number> {
    const server = createServer({ allowHalfOpen, noDelay: true }, (socket) => {
      this.#ownSocket(socket);
      behave(socket);
    });
    return await this.#listen(server, host);
  }

  async #listen(server: Server, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, host, resolve);
    });
    this.#disposals.push(() => void server.close());
    const { port } = server.address() as { port: number };
    this.name(port, "PORT");
    return port;
  }

  /** Gives a port a name, as its number is another one each time. */
  name(port: number, name: string): void {
    this.#ports.set(port, name);
  }

  /** A socket that ends with the scene. */
  #ownSocket(socket: Socket): void {
    socket.on("error", () => {});
    this.#disposals.push(() => void socket.destroy());
  }

  /** Does something when the scene is over. */
  finally(dispose: () => void | Promise<void>): void {
    this.#disposals.push(dispose);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const dispose of this.#disposals.reverse()) await dispose();
  }
}

/** Sockets of Bun's that have ended after they were destroyed. */
const buns = new WeakSet<TLSSocket>();

/** Whether this is the end that Bun's own sockets tell when they are destroyed, and nobody else's do. */
function isBuns(socket: TLSSocket, event: string): boolean {
  if (!("Bun" in globalThis) || event !== "end" || !socket.destroyed) return false;
  buns.add(socket);
  return true;
}

/** The state of a socket in a line: what every library looks at. */
export function stateOf(socket: TLSSocket): string {
  const flags = [
    socket.readyState,
    socket.connecting && "connecting",
    // In the end it depends on when the handle is let go.
    socket.pending && !socket.destroyed && "pending",
    socket.authorized && "authorized",
    socket.readable && "readable",
    socket.writable && "writable",
    socket.readableEnded && !buns.has(socket) && "readableEnded",
    socket.writableEnded && "writableEnded",
    socket.writableFinished && "writableFinished",
    socket.destroyed && "destroyed",
    socket.closed && "closed",
    socket.errored && "errored",
  ];
  return flags.filter(Boolean).join(" ");
}

/** An error's code. The libraries of TLS call their alerts by different prefixes. */
function nameOf(code: string): string {
  if (ISSUER_NOT_KNOWN.has(code)) return "the issuer is not known";
  return code.replace(/^ERR_SSL_(SSL\/TLS|SSLV3|TLSV1|TLSV13)_ALERT_/, "ERR_SSL_…_ALERT_");
}

/** The first fault of a chain without its end, or the last. */
const ISSUER_NOT_KNOWN = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
]);

/** Bytes, as an account shows them. */
function showBytes(bytes: Buffer): string {
  if (bytes.length <= 100) return JSON.stringify(bytes.toString("latin1"));
  const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  return `${bytes.length} bytes ${digest}`;
}

/** How many bytes are carried each way where many are: more where somebody asks for it. */
export const MANY = Number(
  process.env["FIRSTFLIGHT_MANY_BYTES"] ?? (kindUnderTest().name === "tcp" ? 1_000_000 : 8_000_000),
);
