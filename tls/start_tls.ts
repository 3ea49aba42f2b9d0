/**
 * TLS on connections that are open already.
 *
 * @module
 */

import { badArgument } from "../base/option_errors.ts";
import { calledElsewhere, optional, readOptions, type Rules } from "../base/options.ts";
import { peerOfTcpConn, releaseTcpConn, TcpConn } from "../tcp/conn.ts";
import { withDeadline } from "../tcp/dial/deadline.ts";
import { type Destination, destinationIn, host, patienceRules } from "../tcp/options.ts";
import { chooseEngine } from "./choose_engine.ts";
import { completeHandshake, learnFromHandshake, warnIfUnusable } from "./client/finish.ts";
import { makePlan } from "./client/plan.ts";
import { learnGivenUp } from "./client/refusals.ts";
import { retryAfterFailure } from "./client/retry.ts";
import type { SpecialPart } from "./client/special.ts";
import { makeTlsConn, type TlsConn } from "./conn.ts";
import {
  checkTlsSettings,
  type TlsClientOptions,
  tlsClientRules,
  type TlsClientSettings,
} from "./options.ts";
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

/** {@linkcode StartTlsOptions} after they were read. */
interface StartTlsSettings extends TlsClientSettings, Omit<Destination, "hostname" | "port"> {
  /** `undefined` stands for the name that the connection was opened to. */
  readonly hostname: string | undefined;
}

const rules: Rules<StartTlsSettings> = {
  hostname: calledElsewhere(optional(host), "host"),
  ...patienceRules,
  ...tlsClientRules,
};

/**
 * Starts TLS on a connection that is open already, for protocols that negotiate TLS in the clear
 * (STARTTLS). Close the connection that is returned: the given one can't be used any more once the
 * ClientHello is sent. When this throws before that, as for a wrong option, the given one is still
 * open.
 *
 * Read the answer that agrees to TLS completely before this call. Otherwise bytes that the peer
 * sent in the clear and that were not read yet would be taken for TLS.
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
 * @throws {OptionError} when an option or `conn` is wrong
 * @throws {ConnectError} when the connection breaks, or is closed already; `TIMED_OUT` when the
 * handshake is not complete within `connectTimeout`
 * @throws {TlsError} when the handshake or the verification fails
 * @throws the reason of `signal` when that aborts
 */
export async function startTls(conn: TcpConn, options: StartTlsOptions = {}): Promise<TlsConn> {
  const startedAt = performance.now();
  if (!(conn instanceof TcpConn)) throw badArgument("conn", "a TcpConn", conn);
  const opened = peerOfTcpConn(conn);
  const settings = readOptions(
    options,
    rules,
    ({ hostname = opened.hostname }) => destinationIn({ hostname, port: opened.port }),
  );
  const { hostname = opened.hostname } = settings;
  const peer = { hostname, port: opened.port };
  checkTlsSettings(settings, peer);
  const chosen = chooseEngine(settings, peer);
  return await withDeadline({ ...settings, ...peer }, async (deadline) => {
    // No second connection can be made here, so the hello must not be one that may need it.
    const purpose = { fastOpen: false, earlyData: undefined };
    const plan = await makePlan(settings, peer, chosen, deadline, purpose);
    const { allowance } = plan;
    const engine = plan.makeEngine(plan.config);
    const parts: SpecialPart[] = engine.offersSession ? ["session"] : [];
    let stream: TlsStream | undefined;
    let sentAt = NaN;
    try {
      const { localAddr, remoteAddr, fastOpen } = conn;
      const flight = await engine.start();
      const arrived = releaseTcpConn(conn);
      arrived.wire.socket.write(flight);
      sentAt = performance.now() + (fastOpen.rtt ?? 0);
      stream = new TlsStream(arrived, engine, peer, "client");
      await completeHandshake(stream, engine, deadline);
      allowance?.noteTaken(parts);
      warnIfUnusable(plan, engine.offersSession);
      learnFromHandshake(plan, engine);
      const facts = { localAddr, remoteAddr, fastOpen };
      const timing = {
        lookup: 0,
        open: 0,
        firstByte: stream.firstByteAt - startedAt,
        secure: performance.now() - startedAt,
      };
      const { warnings, config: { serverName } } = plan;
      return makeTlsConn(stream, { facts, timing, warnings, serverName });
    } catch (error) {
      // There is no other connection to try again on, but the next one goes without.
      const isGivenUp = deadline.signal.aborted;
      if (isGivenUp) learnGivenUp(plan, parts, stream?.lastByteAt || sentAt);
      const retry = isGivenUp ? undefined : retryAfterFailure(parts, engine, error);
      if (retry) allowance?.noteRefused(retry.refused, retry.by);
      engine.free();
      throw error;
    }
  });
}
