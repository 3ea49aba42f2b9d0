/**
 * Connections for ioredis, and what of Redis may be early data.
 *
 * @module
 */

import {
  type EarlyDataRule,
  OptionError,
  type TlsSocket,
  tlsSocket,
  type TlsSocketOptions,
} from "../mod.ts";

/** Options of a {@linkcode connector}: those of `tlsSocket` that do not say where to. */
export type ConnectorOptions = Omit<
  TlsSocketOptions,
  "host" | "hostname" | "port" | "signal" | "socket" | "timeout"
>;

/** What is read of the options of a client of ioredis. */
export interface ClientOptions {
  /** A host name or an IP address. */
  readonly host?: string | undefined;
  /** Default 6379. */
  readonly port?: number | string | undefined;
  /** 4, 6, or 0 for both. */
  readonly family?: number | undefined;
  /** Options of TLS. `rediss:` makes it `true`. */
  readonly tls?: object | boolean | undefined;
  /** Milliseconds for the connection and its handshake. */
  readonly connectTimeout?: number | undefined;
  /** Milliseconds that the server has to end the connection, too. */
  readonly disconnectTimeout?: number | undefined;
  /** Refused: a connection without TCP has nothing to gain here. */
  readonly path?: string | null | undefined;
  /** Refused: they are asked before it is known where to connect. */
  readonly sentinels?: readonly unknown[] | null | undefined;
}

/** What makes the connections of one client, one after another. ioredis uses it. */
export interface Connector {
  /** Why the last connection was lost. */
  readonly firstError?: Error | undefined;
  /** Whether a server will do, as it describes itself. */
  check(info: unknown): boolean;
  /** Makes a connection. */
  connect(): Promise<TlsSocket>;
  /** Ends it. */
  disconnect(): void;
}

/** What ioredis takes as its option `Connector`. */
export type ConnectorClass = new (options: ClientOptions) => Connector;

/** Milliseconds that ioredis waits by itself for a server to end a connection. */
const DISCONNECT_TIMEOUT = 2000;

/**
 * Makes what ioredis takes as its option `Connector`, in place of its own TLS.
 *
 * What the client's option `tls` says counts, and what is given here counts more. A connection is always
 * TLS. With `earlyData: readOnly`, once there is a ticket that allows it, what ioredis says first rides in
 * the first flight.
 *
 * ```ts no-eval
 * import { connector } from "@firstflight/tls/redis";
 * import { Redis } from "ioredis";
 *
 * const redis = new Redis("rediss://redis.example.com", { Connector: connector() });
 * console.log(await redis.ping());
 * redis.disconnect();
 * ```
 *
 * `path` and `sentinels` are an `OptionError`, and so is an option of `tls` that `tlsSocket` does not know:
 * `new Redis()` throws it. A TypeScript program need not name the type parameter: it is what ioredis
 * expects.
 *
 * @throws {OptionError} when an option is wrong or not known
 */
export function connector<Expected = ConnectorClass>(options: ConnectorOptions = {}): Expected {
  const own: TlsSocketOptions = {
    ...(options.earlyData ? { optimisticSecureConnect: true } : {}),
    ...options,
  };
  tlsSocket(own).destroy(); // It reads the options, and complains.
  const made: ConnectorClass = class implements Connector {
    firstError: Error | undefined;
    readonly #settings: TlsSocketOptions;
    readonly #patience: number;
    #socket: TlsSocket | undefined;

    constructor(client: ClientOptions) {
      this.#settings = settingsOf(client, own);
      this.#patience = client.disconnectTimeout ?? DISCONNECT_TIMEOUT;
    }

    check(): boolean {
      return true;
    }

    // deno-lint-ignore require-await -- What it throws is to be a rejection.
    async connect(): Promise<TlsSocket> {
      const socket = tlsSocket(this.#settings);
      socket.once("error", (error: Error) => this.firstError = error);
      return this.#socket = socket;
    }

    disconnect(): void {
      const socket = this.#socket;
      if (!socket || socket.destroyed) return;
      const timer = setTimeout(() => socket.destroy(), this.#patience);
      socket.once("close", () => clearTimeout(timer));
      socket.end();
    }
  };
  return made as Expected; // ioredis describes a class of its own, with members that it keeps to itself.
}

/** The options of one client, in the words of `tlsSocket`. */
function settingsOf(client: ClientOptions, own: TlsSocketOptions): TlsSocketOptions {
  for (const name of ["path", "sentinels"] as const) {
    const advice = "this connector connects by TLS to the client's host and port";
    if (client[name]) throw new OptionError(name, `"${name}" must not be given: ${advice}`);
  }
  const { host, port, family, tls, connectTimeout } = client;
  const settings: TlsSocketOptions = {
    ...{ host, family: family as 0, connectTimeout: connectTimeout || 30_000 },
    ...(typeof tls === "object" ? tls : {}),
    ...own,
  };
  tlsSocket({ ...settings, port: undefined }).destroy();
  return { port: port ?? 6379, ...settings };
}

/**
 * What of Redis may be early data: commands that set up a connection, or read. Whole commands ride, up to
 * the first one that is neither; that and all behind it wait for the handshake.
 *
 * Others can replay early data. They can't read the answers, and these commands leave nothing behind but
 * what Redis counts: AUTH, CLIENT ID, CLIENT SETINFO, CLIENT SETNAME, ECHO, HELLO, INFO, PING, READONLY and
 * SELECT; EXISTS, GET, GETRANGE, HEXISTS, HGET, HGETALL, HLEN, HMGET, LINDEX, LLEN, LRANGE, MGET, PTTL,
 * SCARD, SISMEMBER, SMEMBERS, STRLEN, TTL, TYPE, ZCARD, ZRANGE and ZSCORE. A password that rides is kept
 * secret by the key of the ticket alone, as all early data are: whoever learns that key later can read it.
 *
 * Redis itself takes no early data. What stands in front of it may: `listenTls` hands them on at once. HAProxy
 * with `allow-0rtt` takes them, but in its tcp mode holds them back until the handshake is over, so that
 * nothing is gained there.
 *
 * ```ts
 * import { readOnly } from "@firstflight/tls/redis";
 *
 * const bytes = (text: string) => new TextEncoder().encode(text);
 * const get = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
 * const incr = "*2\r\n$4\r\nINCR\r\n$1\r\na\r\n";
 * console.assert(readOnly.mayRide(bytes(get + get)) === 2 * get.length);
 * console.assert(readOnly.mayRide(bytes(get + incr + get)) === get.length);
 * console.assert(readOnly.mayRide(bytes(incr)) === 0);
 * ```
 */
export const readOnly: EarlyDataRule = Object.freeze({
  mayRide(first: Uint8Array): number {
    let length = 0;
    for (;;) {
      const command = readCommand(first, length);
      if (!command || !mayBeRepeated(command)) return length;
      length = command.end;
    }
  },
});

const REPEATABLE: ReadonlySet<string> = new Set([
  ...["AUTH", "ECHO", "HELLO", "INFO", "PING", "READONLY", "SELECT"],
  ...["CLIENT ID", "CLIENT SETINFO", "CLIENT SETNAME"],
  ...["EXISTS", "GET", "GETRANGE", "MGET", "PTTL", "STRLEN", "TTL", "TYPE"],
  ...["HEXISTS", "HGET", "HGETALL", "HLEN", "HMGET", "LINDEX", "LLEN", "LRANGE"],
  ...["SCARD", "SISMEMBER", "SMEMBERS", "ZCARD", "ZRANGE", "ZSCORE"],
]);

/** A command as it stands among other bytes. */
interface Command {
  /** Its first two words at most, in capitals. */
  readonly words: readonly string[];
  /** Where it ends. */
  readonly end: number;
}

function mayBeRepeated({ words: [name = "", next = ""] }: Command): boolean {
  return REPEATABLE.has(name === "CLIENT" ? `${name} ${next}` : name);
}

/** The whole command that begins at `start`, as an array of strings in Redis's protocol. */
function readCommand(bytes: Uint8Array, start: number): Command | undefined {
  const head = readLength(bytes, start, "*");
  if (!head) return undefined;
  const words: string[] = [];
  let end = head.end;
  for (let read = 0; read < head.length; read++) {
    const word = readLength(bytes, end, "$");
    if (!word) return undefined;
    const after = word.end + word.length;
    if (bytes[after] !== CR || bytes[after + 1] !== LF) return undefined;
    if (read < 2) words.push(latin1(bytes.subarray(word.end, after)).toUpperCase());
    end = after + 2;
  }
  return { words, end };
}

const [CR, LF] = [13, 10];

/** The length behind a mark, as Redis writes it, and where its line ends. */
function readLength(
  bytes: Uint8Array,
  start: number,
  mark: "*" | "$",
): { length: number; end: number } | undefined {
  const line = latin1(bytes.subarray(start, start + LONGEST_LINE));
  const [whole, digits] = (mark === "*" ? COUNT : SIZE).exec(line) ?? [];
  return whole && digits ? { length: Number(digits), end: start + whole.length } : undefined;
}

/** Redis takes a million words, and half a gigabyte. No early data are that long. */
const COUNT = /^\*([1-9]\d{0,6})\r\n/;
const SIZE = /^\$(0|[1-9]\d{0,6})\r\n/;
const LONGEST_LINE = "$1234567\r\n".length;

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes.subarray(0, LONGEST_NAME));
}

/** More than any command's name has. */
const LONGEST_NAME = 32;
