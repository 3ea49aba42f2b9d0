/**
 * Opens plain sockets in the shape of Node's.
 *
 * @module
 */

import { oneOf, optional, readOptions, type Rules } from "../base/options.ts";
import { type Connected, establish } from "./establish.ts";
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

/** Options of {@linkcode tcpSocket}. */
export interface TcpSocketOptions extends SocketOptions {
  /**
   * `"first-write"` opens the connection by the first write, with everything that is written in the same
   * turn of the event loop, in the SYN where Fast Open allows it. The peer may get those bytes twice
   * (RFC 7413, section 6.1). Without it, the connection is opened at once.
   */
  data?: "first-write";
}

/** {@linkcode TcpSocketOptions} as they were read. */
interface TcpSocketSettings extends SocketSettings {
  readonly data: "first-write" | undefined;
}

const rules: Rules<TcpSocketSettings> = { ...socketRules, data: optional(oneOf("first-write")) };

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
  return makeTcpSocket(settings, {
    collectsFirstWrites: settings.data !== undefined,
    open(given, { lookedUp, connected }) {
      const destination = { ...settings, signal: undefined, ...destinationOf(settings, given) };
      checkDialSettings(destination);
      let facts: Connected["facts"] | undefined;
      const stream = new PendingStream<TcpStream>({
        destination,
        advice: 'with data: "first-write" the first write opens the connection',
        async connect(first, limits) {
          const made = await establish({ ...destination, ...limits }, first, { lookedUp });
          ({ facts } = made);
          return made.stream;
        },
      });
      const ready = settings.data === undefined ? stream.begin() : stream.standing();
      ready.then(connected, () => {});
      return { stream, ready, facts: () => facts };
    },
  });
}
