/**
 * Plain TCP with Fast Open.
 *
 * @module
 */

import { bytes, optional, readOptions, type Rules } from "../base/options.ts";
import { makeTcpConn, type TcpConn } from "./conn.ts";
import { establish } from "./establish.ts";
import {
  checkDialSettings,
  destinationIn,
  type DialOptions,
  dialRules,
  type DialSettings,
} from "./options.ts";

/** Options of {@linkcode connect}. */
export interface ConnectOptions extends DialOptions {
  /**
   * Bytes to send first, in the SYN where Fast Open allows it. The peer may get the bytes twice
   * (RFC 7413, section 6.1): a SYN can arrive twice, and an unanswered SYN is followed by a plain
   * connection. Send only what may be repeated.
   */
  data?: Uint8Array;
}

/** {@linkcode ConnectOptions} as they were read. */
interface ConnectSettings extends DialSettings {
  readonly data: Uint8Array | undefined;
}

const rules: Rules<ConnectSettings> = { ...dialRules, data: optional(bytes) };

/**
 * Opens a TCP connection, with `data` in the SYN where Fast Open (RFC 7413) allows it.
 *
 * Races the addresses of `hostname` (RFC 8305). The next one starts when the last one has failed,
 * or has been silent for two round trips (250 ms if the round-trip time is not known). Resolves
 * when the three-way handshake is complete. Under Deno and under Node's `--permission` this needs
 * `--allow-net`, and `--allow-ffi` for Fast Open. Without FFI the connection is a plain one, and
 * Deno then also asks for permission for the host's addresses.
 *
 * ```ts
 * import { connect } from "@firstflight/tls";
 * import { createServer } from "node:net";
 *
 * const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
 * await new Promise((resolve) => server.once("listening", resolve));
 * const { port } = server.address() as { port: number };
 *
 * using conn = await connect({
 *   hostname: "127.0.0.1",
 *   port,
 *   data: new TextEncoder().encode("hi"),
 * });
 * console.log(conn.fastOpen.outcome);
 * server.close();
 * ```
 *
 * @throws {OptionError} when an option is wrong
 * @throws {ConnectError} when no address could be connected to; `TIMED_OUT` after `connectTimeout`
 * @throws the reason of `signal` when `signal` aborts
 */
export async function connect(options: ConnectOptions): Promise<TcpConn> {
  const settings = readOptions(options, rules, destinationIn);
  checkDialSettings(settings);
  const { stream, ...known } = await establish(settings, settings.data);
  return makeTcpConn(stream, known);
}
