/**
 * Opens plain sockets in the shape of Node's.
 *
 * @module
 */

import process from "node:process";
import { setImmediate } from "node:timers";
import { badOption } from "../base/option_errors.ts";
import { type Check, optional, readOptions, type Rules } from "../base/options.ts";
import { type Connected, establish } from "./establish.ts";
import type { NetAddr } from "./facts.ts";
import {
  destinationOf,
  socketNames,
  type SocketOptions,
  socketRules,
  type SocketSettings,
  withOwnNames,
} from "./face/settings.ts";
import { checkDialSettings, destinationIn } from "./options.ts";
import { PendingStream } from "./pending.ts";
import { makeTcpSocket, type TcpSocket } from "./socket.ts";
import type { TcpStream } from "./stream.ts";

/** Where a socket connects to. */
export type Destined = Pick<NetAddr, "hostname" | "port">;

/** Options of {@linkcode tcpSocket}. */
export interface TcpSocketOptions extends SocketOptions {
  /**
   * `"first-write"` opens the connection by the first write, with everything that is written in the same
   * turn of the event loop, in the SYN where Fast Open allows it. The peer may get those bytes twice
   * (RFC 7413, section 6.1). A function is asked whether these bytes may arrive twice; those that may not
   * are sent once the connection stands. Without it, the connection is opened at once.
   */
  data?: "first-write" | ((first: Uint8Array) => boolean);
  /**
   * Says "connect" before there is a connection, so that libraries which wait for it write what `data`
   * then lets into the SYN. The connection is opened by the first write, or some turns of the event loop
   * later, for peers that speak first. If it can't be made, that is an "error" after the "connect". A
   * function is asked when it is known where to; where it says no, the connection is opened at once. Needs
   * `data`. Default `false`.
   */
  optimisticConnect?: boolean | ((to: Destined) => boolean);
}

/** {@linkcode TcpSocketOptions} as they were read. */
interface TcpSocketSettings extends SocketSettings {
  /** Whether what is written first may arrive twice. */
  readonly data: ((first: Uint8Array) => boolean) | undefined;
  readonly optimisticConnect: ((to: Destined) => boolean) | undefined;
}

const firstData: Check<(first: Uint8Array) => boolean> = {
  expectation: '"first-write", or a function that says whether bytes may arrive twice',
  read(value) {
    if (value === "first-write") return () => true;
    return typeof value === "function" ? value as (first: Uint8Array) => boolean : undefined;
  },
};

const optimism: Check<(to: Destined) => boolean> = {
  expectation: "true, false or a function",
  read(value) {
    if (typeof value === "boolean") return () => value;
    return typeof value === "function" ? value as (to: Destined) => boolean : undefined;
  },
};

const rules: Rules<TcpSocketSettings> = {
  ...socketRules,
  data: optional(firstData),
  optimisticConnect: optional(optimism),
};

/**
 * Opens a TCP connection and returns its socket at once, as `net.connect` does. Takes Node's names for
 * options, too. Errors come as the event "error", with Node's codes; their `cause` is a `ConnectError`.
 *
 * The permissions are those of `connect`.
 *
 * ```ts
 * import { tcpSocket } from "@firstflight/tls";
 * import { createServer } from "node:net";
 * import { text } from "node:stream/consumers";
 *
 * const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
 * await new Promise((resolve) => server.once("listening", resolve));
 * const { port } = server.address() as { port: number };
 *
 * const socket = tcpSocket({ host: "127.0.0.1", port });
 * console.log(await text(socket)); // "hello"
 * server.close();
 * ```
 *
 * @throws {OptionError} when an option is wrong
 */
export function tcpSocket(options: TcpSocketOptions): TcpSocket {
  const settings = readOptions(withOwnNames(options, socketNames), rules, destinationIn);
  const { data, optimisticConnect } = settings;
  if (optimisticConnect && !data) {
    const { optimisticConnect: given } = options;
    throw badOption("optimisticConnect", 'given together with "data"', given, destinationIn({}));
  }
  return makeTcpSocket(settings, {
    collectsFirstWrites: data !== undefined,
    open(given, { lookedUp, connected }) {
      const destination = { ...settings, signal: undefined, ...destinationOf(settings, given) };
      checkDialSettings(destination);
      let facts: Connected["facts"] | undefined;
      const stream = new PendingStream<TcpStream>({
        destination,
        advice: 'with data: "first-write" the first write opens the connection',
        async connect(first, limits) {
          const rides = first !== undefined && data?.(first) === true;
          const dialed = { ...destination, ...limits };
          const made = await establish(dialed, rides ? first : undefined, { lookedUp });
          ({ facts } = made);
          // The next call fails, if this one does.
          if (first && !rides) made.stream.write(first).catch(() => {});
          return made.stream;
        },
      });
      const isOptimistic = optimisticConnect?.(destination) ?? false;
      const waits = data !== undefined && (isOptimistic || !optimisticConnect);
      const ready = waits ? stream.standing() : stream.begin();
      ready.then(connected, () => {});
      if (isOptimistic) promise(connected, () => void stream.begin().catch(() => {}));
      return { stream, ready, facts: () => facts };
    },
  });
}

/**
 * Turns of the event loop that whoever was told has for the first write. TLS that is started then takes
 * some of them for its hello; all together they take less than a millisecond.
 */
const TURNS = 8;

/** Says that there is a connection, and begins it when there was time to write. */
function promise(connected: () => void, begin: () => void): void {
  const wait = (turns: number) => {
    if (turns === 0) begin();
    else setImmediate(wait, turns - 1);
  };
  process.nextTick(() => {
    connected();
    wait(TURNS);
  });
}
