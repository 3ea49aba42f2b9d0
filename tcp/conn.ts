/**
 * The plain TCP connection that callers get.
 *
 * @module
 */

import { inside } from "../base/constructors.ts";
import type { Known } from "./facts.ts";
import type { TcpStream } from "./stream.ts";
import { StreamConn } from "./stream_conn.ts";
import type { Arrived } from "./wire/arrived.ts";
import type { Peer } from "./wire/ends.ts";

/** Makes a connection over a stream of bytes. */
export let makeTcpConn: (stream: TcpStream, known: Known) => TcpConn;

/**
 * Takes a connection away from its caller, together with all unread bytes. For the caller it is
 * closed afterwards.
 */
export let releaseTcpConn: (conn: TcpConn) => Arrived;

/** The peer of a connection. */
export let peerOfTcpConn: (conn: TcpConn) => Peer;

/** A plain TCP connection, shaped like `Deno.TcpConn`. Made by `connect`. */
export class TcpConn extends StreamConn {
  #stream: TcpStream;

  private constructor(key: typeof inside, stream: TcpStream, known: Known) {
    super(key, stream, known);
    this.#stream = stream;
  }

  // What the rest of this package may do with a connection and the caller may not.
  static {
    makeTcpConn = (stream, known) => new TcpConn(inside, stream, known);
    releaseTcpConn = (conn) => conn.#stream.release();
    peerOfTcpConn = (conn) => conn.#stream.peer;
  }
}
