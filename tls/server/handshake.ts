/**
 * The server's side of a handshake, for listeners and for connections that are open already.
 *
 * @module
 */

import { quoted } from "../../base/authority.ts";
import { ConnectError } from "../../tcp/errors.ts";
import type { ConnFacts } from "../../tcp/facts.ts";
import type { Arrived } from "../../tcp/wire/arrived.ts";
import { makeTlsConn, type TlsConn } from "../conn.ts";
import type { Engine } from "../engine/contract.ts";
import { TlsStream } from "../stream.ts";

/** What a server knows before the handshake. */
export interface Accepted {
  /** `performance.now()` when the client was accepted. */
  readonly startedAt: number;
  readonly facts: ConnFacts;
  /** Milliseconds that the client may take. */
  readonly handshakeTimeout: number;
}

/** A handshake under way. */
export interface ServerHandshake {
  readonly stream: TlsStream;
  /** Resolves when plaintext may be exchanged, which with early data is before the handshake is over. */
  readonly conn: Promise<TlsConn>;
}

/** Begins a handshake. When it fails, or takes too long, the connection is closed. */
export function beginHandshake(
  arrived: Arrived,
  engine: Engine,
  { startedAt, facts, handshakeTimeout }: Accepted,
): ServerHandshake {
  const { hostname, port } = facts.remoteAddr;
  const peer = { hostname, port };
  const stream = new TlsStream(arrived, engine, peer, "server");
  const timer = setTimeout(() => {
    const message = `The handshake with ${quoted(peer)} took more than ${handshakeTimeout} ms`;
    stream.fail(new ConnectError("TIMED_OUT", message, peer));
  }, handshakeTimeout);
  stream.secured.catch(() => {}).finally(() => clearTimeout(timer));
  const conn = stream.ready.then(() => {
    const timing = {
      lookup: 0,
      open: 0,
      firstByte: stream.firstByteAt - startedAt,
      secure: performance.now() - startedAt,
    };
    return makeTlsConn(stream, { facts, timing, warnings: [] });
  });
  return { stream, conn };
}
