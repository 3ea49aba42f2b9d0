/**
 * Plain TCP with Fast Open.
 *
 * @module
 */

import { type Known, StreamConn } from "./conn.ts";
import { withDeadline } from "./deadline.ts";
import { dial } from "./dial.ts";
import { ConnectError } from "./errors.ts";
import { checkDialOptions, type DialOptions, mustBe } from "./options.ts";
import { snapshot } from "./snapshot.ts";
import { type Peer, TcpStream } from "./stream.ts";

/** Options of {@linkcode connect}. */
export interface ConnectOptions extends DialOptions {
  /**
   * Bytes to send first, in the SYN where Fast Open allows. A SYN can arrive twice, and a SYN that
   * nobody answers is followed by a plain connection, so the peer may see them twice (RFC 7413,
   * section 6.1): send only what may be repeated.
   */
  data?: Uint8Array;
}

/** A plain TCP connection, shaped like `Deno.TcpConn`. Made by {@linkcode connect}. */
export class TcpConn extends StreamConn {
  #stream: TcpStream;

  /** @ignore */
  constructor(stream: TcpStream, known: Known) {
    super(stream, known);
    this.#stream = stream;
  }

  /**
   * Gives up the connection to another owner with everything that has arrived unread. This object is
   * closed afterwards.
   *
   * @ignore
   */
  static release(conn: TcpConn): ReturnType<TcpStream["release"]> {
    return conn.#stream.release();
  }

  /**
   * Where the connection leads.
   *
   * @ignore
   */
  static peerOf(conn: TcpConn): Peer {
    return conn.#stream.peer;
  }
}

/**
 * Opens a TCP connection, with `data` in the SYN where Fast Open (RFC 7413) allows.
 *
 * Races the addresses of `hostname` (RFC 8305): the next one starts when the last has been silent for
 * two round trips, or 250 ms where none is known. Resolves when the three-way handshake is complete.
 * Under Deno and under Node's `--permission` this needs `--allow-net`, and `--allow-ffi` for Fast Open;
 * without FFI the connection is a plain one, for which Deno asks for the host's addresses, too.
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
 * @throws {ConnectError} when no address could be connected to: `TIMED_OUT` after `connectTimeout`,
 * `INVALID_OPTION` when an option is wrong
 * @throws the reason of `signal` when that aborts
 */
export async function connect(given: ConnectOptions): Promise<TcpConn> {
  const options = snapshot(given);
  checkDialOptions(options);
  const { hostname, port, data } = options;
  if (data !== undefined && !(data instanceof Uint8Array)) {
    throw new ConnectError("INVALID_OPTION", mustBe("data", "a Uint8Array", data), {
      hostname,
      port,
    });
  }
  return await withDeadline(options, async (deadline) => {
    const flight = { whole: data === undefined ? [] : [data], repeatable: () => [] };
    const { link: { arrived, facts, whole } } = await dial(
      options,
      deadline,
      () => flight,
      "established",
    );
    if (data && !whole) arrived.wire.socket.write(data);
    return new TcpConn(new TcpStream(arrived, { hostname, port }), { facts });
  });
}
