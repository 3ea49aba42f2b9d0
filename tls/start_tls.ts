/**
 * TLS on connections that are open already.
 *
 * @module
 */

import { badOption } from "../base/option_errors.ts";
import {
  bytes,
  calledElsewhere,
  integer,
  optional,
  readOptions,
  type Rules,
} from "../base/options.ts";
import { peerOfTcpConn, TcpConn } from "../tcp/conn.ts";
import { type Destination, destinationIn, host, patienceRules } from "../tcp/options.ts";
import type { Peer } from "../tcp/wire/ends.ts";
import { chooseEngine } from "./choose_engine.ts";
import { establishOver } from "./client/establish_over.ts";
import { makeTlsConn, type TlsConn } from "./conn.ts";
import {
  checkTlsSettings,
  type TlsClientOptions,
  tlsClientRules,
  type TlsClientSettings,
} from "./options.ts";
import { type AnyTransport, checkTransport, transportOf } from "./transport.ts";

/** Options of {@linkcode startTls}. */
export interface StartTlsOptions extends TlsClientOptions {
  /**
   * The server's name. Over a `TcpConn` the default is the name that it was opened to, which is a
   * proxy's where there is one. Over anything else the name, or `serverName`, must be given: nobody
   * but the caller knows whom the connection leads to.
   */
  hostname?: string;
  /**
   * The server's port. Nothing is connected to by it: sessions, and what was learned of a server, are
   * kept by host and port. Over a `TcpConn` the default is the port that it was opened to, else 0, for
   * a port that is not known. So a session is shared with direct connections to the same host and
   * port; give connections that are to hide who you are `sessions` of their own.
   */
  port?: number;
  /**
   * Bytes to send with the ClientHello, as `earlyData` of `connectTls`; through a tunnel that saves
   * the same round trip. Early data can be **replayed**: send only what may be repeated. There is
   * only one connection here. So if the server closes without an answer to them, this call fails, and
   * the next one sends them after the handshake.
   */
  earlyData?: Uint8Array;
  /**
   * Gives up when aborted; the promise rejects with the signal's reason, and the transport is
   * closed.
   */
  signal?: AbortSignal;
  /** Milliseconds until the handshake must be complete. Default 30,000. */
  connectTimeout?: number;
}

/** {@linkcode StartTlsOptions} after they were read. */
interface StartTlsSettings extends TlsClientSettings, Omit<Destination, "hostname" | "port"> {
  readonly hostname: string | undefined;
  readonly port: number | undefined;
  readonly earlyData: Uint8Array | undefined;
}

const rules: Rules<StartTlsSettings> = {
  hostname: calledElsewhere(optional(host), "host"),
  port: optional(integer(1, 65_535)),
  earlyData: optional(bytes),
  ...patienceRules,
  ...tlsClientRules,
};

/**
 * Starts TLS on a connection that is open already: for protocols that agree on TLS in the clear
 * (STARTTLS), and through proxies and tunnels.
 *
 * The transport may be
 *
 * - a `TcpConn`
 * - a `TlsConn`: TLS in TLS, as with a proxy that is spoken to over TLS
 * - any `Duplex` of `node:stream` that carries bytes: a `net.Socket`, also one that is still
 *   connecting, the socket that an HTTP proxy's answer to CONNECT brings, a channel of SSH, a WebSocket
 *   as a stream
 *
 * Nobody else may read from the transport: other listeners of its data would only get ciphertext.
 * Use the connection that is returned from then on, and close only that: the transport is ended, then
 * destroyed with it. `closeWrite()` ends the transport's writing side, too; where a transport can't be
 * half open, as a WebSocket, nothing more arrives after that. When an option or a certificate can't be
 * used, the transport is left as it was. When anything else fails, it is closed.
 *
 * The name that is verified is always the caller's: over a `TcpConn` by default the name that it was
 * opened to, over others `hostname` or `serverName`, which must be given.
 *
 * Read the answer that agrees to TLS completely before this call. What the peer sent in the clear and
 * was not read yet is taken for TLS, and ends the handshake (`NOT_TLS`); it never comes out as data.
 *
 * ```ts
 * import { connect, listenTls, startTls } from "@firstflight/tls";
 * import { cert, key } from "./examples/certificate.ts";
 * import { connect as connectTcp, createServer } from "node:net";
 *
 * // A server that agrees to anything, and a TLS server it passes the rest on to.
 * const inner = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
 * const server = createServer((socket) => {
 *   socket.once("data", () => {
 *     socket.write("220 go ahead\r\n");
 *     socket.pipe(connectTcp(inner.addr.port, "127.0.0.1")).pipe(socket);
 *   });
 * }).listen(0, "127.0.0.1");
 * await new Promise((resolve) => server.once("listening", resolve));
 * const { port } = server.address() as { port: number };
 *
 * const plain = await connect({ hostname: "127.0.0.1", port });
 * await plain.write(new TextEncoder().encode("STARTTLS\r\n"));
 * await plain.read(new Uint8Array(64)); // "220 go ahead"
 * using conn = await startTls(plain, { caCerts: [cert], serverName: "localhost" });
 * console.log(conn.protocol); // "TLSv1.3"
 * inner.close();
 * server.close();
 * ```
 *
 * Over a stream of `node:stream`:
 *
 * ```ts
 * import { acceptTls, startTls } from "@firstflight/tls";
 * import { cert, key } from "./examples/certificate.ts";
 * import { duplexPair } from "node:stream";
 *
 * const [near, far] = duplexPair();
 * const accepting = acceptTls(far, { cert, key });
 * using client = await startTls(near, { hostname: "localhost", caCerts: [cert] });
 * using server = await accepting;
 * await client.write(new TextEncoder().encode("hello"));
 * console.log(await server.read(new Uint8Array(16))); // 5
 * ```
 *
 * @throws {OptionError} when an option or the transport is wrong: a stream in object mode, or with an
 * encoding; a `TlsConn` that is being read from
 * @throws {ConnectError} when the transport breaks, with its error as `cause`; `CONNECTION_CLOSED`
 * when it is closed already, or not being connected; `TIMED_OUT` when the handshake is not complete
 * within `connectTimeout`
 * @throws {TlsError} when the handshake or the verification fails
 * @throws the reason of `signal` when that aborts
 */
export async function startTls(
  transport: AnyTransport,
  options: StartTlsOptions = {},
): Promise<TlsConn> {
  checkTransport(transport);
  const opened = transport instanceof TcpConn ? peerOfTcpConn(transport) : undefined;
  const given = readOptions(
    options,
    rules,
    ({ hostname = opened?.hostname, port = opened?.port }) => destinationIn({ hostname, port }),
  );
  const peer = peerOf(given, opened);
  checkTlsSettings(given, peer);
  const settings = { ...given, ...peer };
  const chosen = chooseEngine(settings, peer);
  const { earlyData } = settings;
  const connected = await establishOver(transportOf(transport, peer), settings, chosen, earlyData);
  const { stream, ...known } = connected;
  return makeTlsConn(stream, known);
}

/** The server that a transport leads to. Only its caller knows, unless this module has opened it. */
function peerOf(settings: StartTlsSettings, opened: Peer | undefined): Peer {
  const { serverName, port = opened?.port ?? 0 } = settings;
  const { hostname = opened?.hostname ?? serverName } = settings;
  if (hostname !== undefined) return { hostname, port };
  const expectation = 'given, or "serverName": the transport does not tell whom it leads to';
  throw badOption("hostname", expectation, undefined);
}
