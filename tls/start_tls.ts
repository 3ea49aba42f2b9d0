/**
 * TLS on connections that are open already.
 *
 * @module
 */

import { TcpConn } from "../tcp/connect.ts";
import { withDeadline } from "../tcp/deadline.ts";
import { checkDialOptions, mustBe } from "../tcp/options.ts";
import { snapshot } from "../tcp/snapshot.ts";
import type { Peer } from "../tcp/stream.ts";
import { TlsConn } from "./conn.ts";
import { chooseEngine } from "./engines.ts";
import { TlsError } from "./errors.ts";
import { finish } from "./finish.ts";
import { checkClientOptions, type TlsClientOptions } from "./options.ts";
import { makePlan } from "./plan.ts";
import { TlsStream } from "./stream.ts";

/** Options of {@linkcode startTls}. */
export interface StartTlsOptions extends TlsClientOptions {
  /** The server's name; by default the one the connection was opened to. */
  hostname?: string;
  /** Gives up when aborted; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds until the handshake must be complete. Default 30,000. */
  connectTimeout?: number;
}

/**
 * Starts TLS on a connection that is open already, for protocols that negotiate it in the clear
 * (STARTTLS). Close the connection returned; the one given is used up from the ClientHello on. Where this
 * throws before, as for an option that is refused, that one is still open.
 *
 * Anything the peer sent before the answer that agreed to TLS and that was not read yet would be
 * taken for TLS, so read that answer completely first.
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
 * @throws {ConnectError} `INVALID_OPTION` for `hostname`, `signal` or `connectTimeout`; `TIMED_OUT` when the
 * handshake is not complete within that; another code when the connection breaks, or is closed already
 * @throws {TlsError} `INVALID_OPTION` for any other option; when the handshake or the verification fails
 * @throws the reason of `signal` when that aborts
 */
export async function startTls(conn: TcpConn, given: StartTlsOptions = {}): Promise<TlsConn> {
  const startedAt = performance.now();
  checkArguments(conn, given);
  const options = snapshot(given);
  const opened = TcpConn.peerOf(conn);
  const { hostname = opened.hostname } = options;
  const peer: Peer = { hostname, port: opened.port };
  checkDialOptions({ ...options, ...peer });
  checkClientOptions(options, peer);
  const chosen = chooseEngine(options, peer);
  return await withDeadline({ ...options, ...peer }, async (deadline) => {
    const plan = await makePlan({ ...options, fastOpen: false }, peer, chosen, deadline, undefined);
    const engine = plan.makeEngine({ ...plan.config, session: plan.stored?.session });
    try {
      const { localAddr, remoteAddr, fastOpen } = conn;
      const flight = await engine.start();
      const arrived = TcpConn.release(conn);
      const stream = new TlsStream(arrived.wire, engine, peer, "client");
      arrived.wire.socket.write(flight);
      stream.begin(arrived);
      await finish(stream, engine, deadline, plan);
      const facts = { localAddr, remoteAddr, fastOpen };
      const timing = {
        lookup: 0,
        open: 0,
        firstByte: stream.firstByteAt - startedAt,
        secure: performance.now() - startedAt,
      };
      return new TlsConn(stream, { facts, timing, warnings: plan.warnings });
    } catch (error) {
      engine.free();
      throw error;
    }
  });
}

function checkArguments(conn: unknown, options: unknown): void {
  if (!(conn instanceof TcpConn)) {
    throw new TlsError("INVALID_OPTION", mustBe("conn", "a TcpConn", conn, "Argument"));
  }
  if (typeof options !== "object" || options === null) {
    throw new TlsError("INVALID_OPTION", mustBe("options", "an object", options, "Argument"));
  }
}
