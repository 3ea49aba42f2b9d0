/**
 * What TLS is started on: a connection that somebody has opened before.
 *
 * @module
 */

import { Duplex } from "node:stream";
import { quoted } from "../base/authority.ts";
import { badArgument } from "../base/option_errors.ts";
import { releaseTcpConn, TcpConn } from "../tcp/conn.ts";
import { ConnectError, transportBroken } from "../tcp/errors.ts";
import type { ConnFacts, NetAddr } from "../tcp/facts.ts";
import { checkFree, lendConn, StreamConn } from "../tcp/stream_conn.ts";
import type { Arrived } from "../tcp/wire/arrived.ts";
import type { Peer } from "../tcp/wire/ends.ts";
import { TransportSocket } from "../tcp/wire/transport.ts";
import { Wire } from "../tcp/wire/wire.ts";
import { TlsConn } from "./conn.ts";
import { PendingTls } from "./prepare_tls.ts";

/** What TLS can be started on: an open connection of this module, or any stream of bytes. */
export type AnyTransport = TcpConn | TlsConn | Duplex;

/** A transport as a handshake uses it. */
export interface Transport {
  /** The two ends, and how it was opened, as far as it tells. */
  readonly facts: ConnFacts;
  /** Whether it has ever been connected. It may still be connecting. */
  readonly wasOpen: boolean;
  /** Whether somebody else has destroyed it, before it had ended. */
  readonly isTakenAway: boolean;
  /** Milliseconds to the other end, where it is known; else 0. */
  readonly roundTrip: number;
  /**
   * Takes it over, with all that has arrived. From then on it ends with the connection.
   *
   * @throws {ConnectError} when it has broken, or is closed
   */
  take(): Arrived;
  /** Leaves it to its owner, as it was. */
  release(): void;
  close(): void;
}

/** Checks that TLS can be started on a value. */
export function checkTransport(value: unknown): asserts value is AnyTransport {
  if (value instanceof TcpConn || value instanceof TlsConn) return;
  if (!isDuplex(value)) throw badArgument("transport", "a TcpConn, a TlsConn or a Duplex", value);
  const fault = faultOf(value);
  if (fault) throw badArgument("transport", `a stream of bytes; this one ${fault}`, value);
}

/** Whether TLS can be started on a value, as far as its type says. */
export function isTransport(value: unknown): boolean {
  if (value instanceof TcpConn || value instanceof TlsConn) return true;
  return isDuplex(value) && faultOf(value) === undefined;
}

/** Whether a value is a `Duplex`, or one of a library that brings its own streams along. */
function isDuplex(value: unknown): value is Duplex {
  if (value instanceof Duplex) return true;
  if (typeof value !== "object" || value === null) return false;
  const methods = ["on", "once", "off", "listenerCount", "read", "pause", "resume"]
    .concat(["write", "end", "destroy"]);
  return methods.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

/** Why a stream can't carry TLS, whatever its state. */
function faultOf(duplex: Duplex): string | undefined {
  if (duplex.readableObjectMode || duplex.writableObjectMode) return "is in object mode";
  if (duplex.readableEncoding) return "has an encoding, so it gives text";
  // Such a listener takes bytes out, and keeps them from others.
  if (duplex.listenerCount("readable") > 0) return 'is read by a listener of "readable"';
  return undefined;
}

/**
 * Prepares a transport that was checked. Until it is taken over nothing is read or written.
 *
 * @param peer the other end of the connection over it, for error messages
 * @throws {ConnectError} `CONNECTION_CLOSED` when it is closed, has ended, or carries TLS already;
 * `IN_USE` while a connection of this module is read from or written to
 */
export function transportOf(value: AnyTransport, peer: Peer): Transport {
  if (value instanceof TcpConn) return overTcp(value);
  if (value instanceof TlsConn) return overTls(value, peer);
  return overDuplex(value, peer);
}

/** A `TlsConn` is used by its socket. Until it is taken over, its owner has it. */
function overTls(conn: TlsConn, peer: Peer): Transport {
  checkFree(conn);
  return {
    get facts() {
      return factsOf(conn);
    },
    get wasOpen() {
      return !(conn instanceof PendingTls && conn.pending);
    },
    isTakenAway: false, // While it is lent, nobody else closes it.
    roundTrip: 0,
    take() {
      const arrived = overDuplex(conn.duplex, peer, conn).take();
      const takeBack = lendConn(conn);
      arrived.wire.socket.once("close", () => {
        takeBack();
        conn.close();
      });
      return arrived;
    },
    release() {},
    close: () => conn.close(),
  };
}

function overTcp(conn: TcpConn): Transport {
  const facts = factsOf(conn);
  return {
    facts,
    wasOpen: true,
    isTakenAway: false,
    roundTrip: facts.fastOpen.rtt ?? 0,
    take: () => releaseTcpConn(conn),
    release() {},
    close: () => conn.close(),
  };
}

/** Closes a transport that TLS was never started on. */
export function closeTransport(transport: AnyTransport): void {
  if (transport instanceof StreamConn) transport.close();
  else transport.destroy();
}

/** Streams that carry TLS: it can't be started on them a second time. */
const taken = new WeakSet<Duplex>();

/** A stream that may tell what sockets do. */
interface MaybeSocket extends Duplex {
  readonly connecting?: unknown;
  readonly pending?: unknown;
  readonly localAddress?: unknown;
  readonly localPort?: unknown;
  readonly remoteAddress?: unknown;
  readonly remotePort?: unknown;
}

function overDuplex(
  duplex: MaybeSocket,
  peer: Peer,
  opened: AnyTransport = duplex,
): Transport {
  const refuseIf = (why: string | undefined) => {
    if (why === undefined) return;
    const message = `The transport of the connection to ${quoted(peer)} ${why}`;
    throw new ConnectError("CONNECTION_CLOSED", message, { ...peer });
  };
  refuseIf(taken.has(duplex) ? "carries TLS already" : whyUnusable(duplex));
  const socket = new TransportSocket(duplex, peer);
  taken.add(duplex);
  return {
    get facts() {
      return factsOf(opened);
    },
    get wasOpen() {
      return socket.wasOpen;
    },
    get isTakenAway() {
      return duplex.destroyed && !socket.hasEnded;
    },
    roundTrip: 0,
    take() {
      if (duplex.errored) throw transportBroken(duplex.errored, peer);
      refuseIf(whyUnusable(duplex)); // It may have ended meanwhile.
      return {
        wire: Wire.through((receive) => socket.listen(receive)),
        received: [],
        ended: false,
      };
    },
    release() {
      socket.release();
      taken.delete(duplex);
    },
    close: () => void socket.destroy(),
  };
}

/** What keeps a stream from carrying a connection now. */
function whyUnusable(duplex: MaybeSocket): string | undefined {
  if (duplex.destroyed) return "is closed";
  if (duplex.readableEnded) return "was ended by the other side";
  if (!duplex.writable) return "has ended: nothing can be written to it";
  if (!duplex.readable) return "gives nothing to read";
  if (duplex.pending === true && duplex.connecting === false) return "is not being connected";
  return undefined;
}

/** The two ends of a transport, and how it was opened, as far as it tells. */
export function factsOf(transport: AnyTransport): ConnFacts {
  if (transport instanceof StreamConn) {
    const { localAddr, remoteAddr, fastOpen } = transport;
    return { localAddr, remoteAddr, fastOpen };
  }
  const socket: MaybeSocket = transport;
  const reason = "somebody else has opened the connection";
  return {
    localAddr: addrOf(socket.localAddress, socket.localPort),
    remoteAddr: addrOf(socket.remoteAddress, socket.remotePort),
    fastOpen: { outcome: "disabled", synBytes: 0, flightBytes: 0, reason },
  };
}

function addrOf(hostname: unknown, port: unknown): NetAddr {
  return {
    transport: "tcp",
    hostname: typeof hostname === "string" ? hostname : "",
    port: typeof port === "number" ? port : 0,
  };
}
