/**
 * Opens TLS sockets in the shape of Node's.
 *
 * @module
 */

import { destinationOf } from "../tcp/face/settings.ts";
import { checkDialSettings } from "../tcp/options.ts";
import { StreamConn } from "../tcp/stream_conn.ts";
import { chooseEngine, type Chosen } from "./choose_engine.ts";
import { SocketStream } from "./client/socket_stream.ts";
import { makeTlsSocket, type TlsSocket } from "./socket.ts";
import {
  readTlsSocketOptions,
  type TlsSocketOptions,
  type TlsSocketOptionSettings,
} from "./socket_options.ts";
import { type AnyTransport, closeTransport, transportOf } from "./transport.ts";
import type { TlsHeard, TlsUnderneath } from "./underneath.ts";

/**
 * Opens a TLS connection and returns its socket at once, as `tls.connect` does. Libraries that take a
 * socket take this one: it has the members, the events and the error codes of `tls.TLSSocket`. It also
 * takes Node's names for options. Errors come as the event "error", with Node's codes; their `cause` is
 * a `TlsError` or a `ConnectError`.
 *
 * Without a `port` the socket is not connected, and waits for its method `connect(port, host)`. With
 * `socket` it starts TLS on that, or on what that opens; one that is closed already, or in use, is such an
 * error, too.
 *
 * The permissions are those of `connectTls`.
 *
 * ```ts
 * import { listenTls, tlsSocket } from "@firstflight/tls";
 * import { cert, key } from "./examples/certificate.ts";
 * import { text } from "node:stream/consumers";
 *
 * const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
 * listener.accept().then(async (conn) => {
 *   await conn.write(new TextEncoder().encode("hello"));
 *   await conn.closeWrite();
 * });
 *
 * const socket = tlsSocket({ host: "127.0.0.1", port: listener.addr.port, ca: cert });
 * socket.once("secureConnect", () => console.log(socket.getProtocol())); // "TLSv1.3"
 * console.log(await text(socket)); // "hello"
 * listener.close();
 * ```
 *
 * @throws {OptionError} when an option is wrong or not known
 * @throws {TlsError} `ENGINE_UNAVAILABLE` or `FEATURE_UNAVAILABLE`
 */
export function tlsSocket(options: TlsSocketOptions): TlsSocket {
  const settings = readTlsSocketOptions(options);
  const { hostname = "", port = 0, socket, earlyData } = settings;
  const chosen = chooseEngine(settings, { hostname, port });
  const open = (given: Readonly<Record<string, unknown>>, heard: TlsHeard) => {
    const base = { ...settings, signal: undefined }; // The socket listens to the signal itself.
    if (typeof socket === "object") return startOver(socket, base, chosen, heard);
    const destination = { ...base, ...destinationOf(settings, given) };
    checkDialSettings(destination);
    return underneathOf(new SocketStream({ ...destination, via: socket }, chosen, heard));
  };
  const isReady = settings.port !== undefined || typeof socket === "object";
  const discard = () => typeof socket === "object" && closeTransport(socket);
  const collectsFirstWrites = earlyData !== undefined;
  return makeTlsSocket(settings, { open, discard, collectsFirstWrites }, isReady);
}

/** Starts TLS on a stream of somebody else's. */
function startOver(
  socket: AnyTransport,
  settings: TlsSocketOptionSettings,
  chosen: Chosen,
  heard: TlsHeard,
): TlsUnderneath {
  const { serverName = "", hostname = serverName, port = 0 } = settings;
  const peer = { hostname, port };
  const via = transportOf(socket, peer);
  const isConnected = via.wasOpen;
  if (!isConnected && !(socket instanceof StreamConn)) socket.once("connect", heard.connected);
  const stream = new SocketStream({ ...settings, ...peer, via }, chosen, heard);
  const facts = () => via.wasOpen ? via.facts : undefined;
  return { ...underneathOf(stream), isConnected, facts, isTakenAway: () => via.isTakenAway };
}

function underneathOf(stream: SocketStream): TlsUnderneath {
  return {
    stream,
    ready: stream.standing(),
    facts: () => stream.facts,
    result: () => stream.result,
    peerCertificate: () => stream.peerCertificate,
    warnings: () => stream.known?.warnings ?? [],
  };
}
