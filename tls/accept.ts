/**
 * The server's side of TLS on connections that are open already.
 *
 * @module
 */

import { readOptions } from "../base/options.ts";
import type { Arrived } from "../tcp/wire/arrived.ts";
import { featureUnavailable } from "./choose_engine.ts";
import type { TlsConn } from "./conn.ts";
import type { Engine } from "./engine/contract.ts";
import { opensslServerEngine } from "./engine/openssl/server.ts";
import { keyLogOf } from "./keylog.ts";
import { checkTlsSettings } from "./options.ts";
import { beginHandshake } from "./server/handshake.ts";
import { type AcceptTlsOptions, acceptTlsRules, type AcceptTlsSettings } from "./server/options.ts";
import { type AnyTransport, checkTransport, factsOf, transportOf } from "./transport.ts";

/**
 * Lets a client start TLS on a connection that is open already: the server's side of STARTTLS, and of
 * `startTls`. The transport may be whatever `startTls` takes: the socket of a `net.Server`, the one that
 * `node:http` hands out with `"connect"` or `"upgrade"`, a `TcpConn`, a `TlsConn`, any `Duplex`.
 *
 * Use the connection that is returned from then on, and close only that: the transport is ended, then
 * destroyed with it. When an option or a certificate can't be used, the transport is left as it was.
 * When the handshake fails, it is closed.
 *
 * Calls with the same options share what they need, so that a client can resume its session on its next
 * connection.
 *
 * Send the answer that agrees to TLS, then call this, and **forget what was read in the clear**: what
 * somebody has put behind the client's command must not be taken for the client's (CVE-2011-0411). What
 * has not been read yet is taken for TLS here, and ends the handshake (`NOT_TLS`) where it is something
 * else; it never comes out as data. What a parser has read too much must be pushed back by
 * `transport.unshift()`, or thrown away.
 *
 * ```ts
 * import { acceptTls, connect, startTls } from "@firstflight/tls";
 * import { cert, key } from "./examples/certificate.ts";
 * import { createServer } from "node:net";
 *
 * const server = createServer((socket) => {
 *   socket.once("data", async () => { // "STARTTLS"
 *     socket.write("220 go ahead\r\n");
 *     using conn = await acceptTls(socket, { cert, key });
 *     await conn.write(new TextEncoder().encode("hello"));
 *     await conn.closeWrite();
 *   });
 * }).listen(0, "127.0.0.1");
 * await new Promise((resolve) => server.once("listening", resolve));
 * const { port } = server.address() as { port: number };
 *
 * const plain = await connect({ hostname: "127.0.0.1", port });
 * await plain.write(new TextEncoder().encode("STARTTLS\r\n"));
 * await plain.read(new Uint8Array(64)); // "220 go ahead"
 * using conn = await startTls(plain, { caCerts: [cert], serverName: "localhost" });
 * console.log(await conn.read(new Uint8Array(64))); // 5
 * server.close();
 * ```
 *
 * With `maxEarlyData` the promise resolves when early data have arrived; see `conn.handshake()`.
 *
 * Needs OpenSSL, and `--allow-ffi` under Deno and under Node's `--permission`.
 *
 * @throws {OptionError} when an option or the transport is wrong, as for `startTls`
 * @throws {ConnectError} when the transport breaks, with its error as `cause`; `CONNECTION_CLOSED`
 * when it is closed already; `TIMED_OUT` when the client takes longer than `handshakeTimeout`
 * @throws {TlsError} when the handshake fails; `INVALID_PEM` when the certificate or its key is not
 * usable; `ENGINE_UNAVAILABLE` when OpenSSL can't be loaded, `FEATURE_UNAVAILABLE` with
 * `engine: "runtime"`
 * @throws the reason of `signal` when that aborts
 */
export async function acceptTls(
  transport: AnyTransport,
  options: AcceptTlsOptions,
): Promise<TlsConn> {
  const startedAt = performance.now();
  checkTransport(transport);
  const settings = readOptions(options, acceptTlsRules);
  checkTlsSettings(settings, {});
  if (settings.engine === "runtime") throw featureUnavailable("engine");
  const { handshakeTimeout, signal } = settings;
  const facts = factsOf(transport);
  const opened = transportOf(transport, facts.remoteAddr);
  let engine: Engine;
  try {
    engine = makeEngine(settings);
  } catch (error) {
    opened.release();
    throw error;
  }
  let arrived: Arrived;
  try {
    signal?.throwIfAborted();
    arrived = opened.take();
  } catch (error) {
    engine.free();
    opened.close();
    throw error;
  }
  const accepted = { startedAt, facts, handshakeTimeout };
  const { stream, conn } = beginHandshake(arrived, engine, accepted);
  const onAbort = () => stream.fail(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  return await conn.finally(() => signal?.removeEventListener("abort", onAbort));
}

function makeEngine(settings: AcceptTlsSettings): Engine {
  return opensslServerEngine({
    ...settings,
    maxEarlyData: settings.maxEarlyData + 0, // Turns -0 into 0: FFI refuses -0.
    keyLog: keyLogOf(settings.keyLog),
  });
}
