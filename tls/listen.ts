/**
 * Starts TLS servers.
 *
 * @module
 */

import { readOptions } from "../base/options.ts";
import { featureUnavailable } from "./choose_engine.ts";
import { opensslServer } from "./engine/openssl/server.ts";
import { keyLogOf } from "./keylog.ts";
import { checkTlsSettings } from "./options.ts";
import { makeTlsListener, type TlsListener } from "./server/listener.ts";
import { type ListenTlsOptions, listenTlsRules } from "./server/options.ts";

/**
 * Starts a TLS server that accepts its clients' first flights in their SYNs (RFC 7413).
 *
 * On Linux a listener for Fast Open needs `sysctl -w net.ipv4.tcp_fastopen=3`. Without it the
 * server works without Fast Open, and `listener.fastOpen` says what is missing. Needs OpenSSL, and
 * `--allow-net` and `--allow-ffi` under Deno and under Node's `--permission`.
 *
 * While 1,024 connections wait for `accept` or for the loop over the listener, new clients are
 * turned away. So take each connection as it comes, and do not await the work on it before taking
 * the next one.
 *
 * In a worker of `node:cluster` the primary process listens, as for servers of `node:net`, and the
 * workers share the connections. Whether it could is known later: `accept` and the loop over the
 * listener throw why not. Fast Open is enabled in the primary, by `enableFastOpen`. Port 0 is a port
 * of the worker's own.
 *
 * ```ts
 * import { listenTls } from "@firstflight/tls";
 * import { cert, key } from "./examples/certificate.ts";
 *
 * const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key, maxEarlyData: 16_384 });
 * console.log(listener.addr.port, listener.fastOpen);
 * listener.close();
 * ```
 *
 * @throws {OptionError} when an option is wrong
 * @throws {TlsError} `INVALID_PEM` when the certificate or its key is not usable;
 * `ENGINE_UNAVAILABLE` when OpenSSL can't be loaded, `FEATURE_UNAVAILABLE` with `engine: "runtime"`
 * @throws {ConnectError} `ADDRESS_IN_USE`, `ADDRESS_NOT_AVAILABLE`, `PERMISSION_DENIED`, or another
 * code and its `errno`, when the address can't be listened on
 */
export function listenTls(options: ListenTlsOptions): TlsListener {
  const settings = readOptions(options, listenTlsRules);
  checkTlsSettings(settings, {});
  if (settings.engine === "runtime") throw featureUnavailable("engine");
  const engines = opensslServer({
    ...settings,
    maxEarlyData: settings.maxEarlyData + 0, // Turns -0 into 0: FFI refuses -0.
    keyLog: keyLogOf(settings.keyLog),
  });
  try {
    return makeTlsListener(settings, engines);
  } catch (error) {
    engines.free();
    throw error;
  }
}
