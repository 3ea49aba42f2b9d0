/**
 * The plain TCP connection people hold.
 *
 * @module
 */

import type { Known } from "./facts.ts";
import type { TcpStream } from "./stream.ts";
import { StreamConn } from "./stream_conn.ts";
import type { Arrived } from "./wire/arrived.ts";
import type { Peer } from "./wire/ends.ts";

/** Makes a connection of its bytes. */
export let makeTcpConn: (stream: TcpStream, known: Known) => TcpConn;

/**
 * Takes a connection from its holder, with everything that has arrived unread. For its holder it is
 * closed afterwards.
 */
export let releaseTcpConn: (conn: TcpConn) => Arrived;

/** Where a connection leads. */
export let peerOfTcpConn: (conn: TcpConn) => Peer;

/** A plain TCP connection, shaped like `Deno.TcpConn`. Made by `connect`. */
export class TcpConn extends StreamConn {
  #stream: TcpStream;

  private constructor(stream: TcpStream, known: Known) {
    super(stream, known);
    this.#stream = stream;
  }

  // What the rest of this module may do with a connection, and its holder may not.
  static {
    makeTcpConn = (stream, known) => new TcpConn(stream, known);
    releaseTcpConn = (conn) => conn.#stream.release();
    peerOfTcpConn = (conn) => conn.#stream.peer;
  }
}
