/**
 * The plain TCP connection that callers get.
 *
 * @module
 */

import { inside } from "../base/constructors.ts";
import { plainSocketSettings } from "./face/settings.ts";
import type { Known } from "./facts.ts";
import { makeTcpSocketOver, type TcpSocket } from "./socket.ts";
import type { TcpStream } from "./stream.ts";
import { handOver, StreamConn } from "./stream_conn.ts";
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
  #known: Known;
  #duplex: TcpSocket | undefined;

  private constructor(key: typeof inside, stream: TcpStream, known: Known) {
    super(key, stream, known);
    this.#stream = stream;
    this.#known = known;
  }

  // What the rest of this package may do with a connection and the caller may not.
  static {
    makeTcpConn = (stream, known) => new TcpConn(inside, stream, known);
    releaseTcpConn = (conn) => conn.#stream.release();
    peerOfTcpConn = (conn) => conn.#stream.peer;
  }

  /**
   * The same connection as a socket of Node's shape. It takes over the bytes: afterwards reading and
   * writing here are the error `IN_USE`, and `close()` destroys the socket.
   *
   * @throws {ConnectError} `IN_USE` while a read or a write is under way, or a stream was taken
   */
  get duplex(): TcpSocket {
    if (this.#duplex) return this.#duplex;
    handOver(this);
    return this.#duplex = makeTcpSocketOver(plainSocketSettings, {
      stream: this.#stream,
      ready: Promise.resolve(),
      facts: () => this.#known.facts,
    });
  }
}
