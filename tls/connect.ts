/**
 * Opens TLS connections.
 *
 * @module
 */

import { bytes, type Check, optional, readOptions, type Rules } from "../base/options.ts";
import {
  checkDialSettings,
  destinationIn,
  type DialOptions,
  dialRules,
  type DialSettings,
} from "../tcp/options.ts";
import { chooseEngine } from "./choose_engine.ts";
import { establish } from "./client/establish.ts";
import { makeTlsConn, type TlsConn } from "./conn.ts";
import {
  checkTlsSettings,
  type TlsClientOptions,
  tlsClientRules,
  type TlsClientSettings,
} from "./options.ts";

/** Options of {@linkcode connectTls}. */
export interface ConnectTlsOptions extends DialOptions, TlsClientOptions {
  /**
   * Bytes to send with the ClientHello, before the handshake (RFC 8446, section 2.3). Early data
   * need a session from an earlier connection. Without one, or when the server rejects them, they
   * are sent after the handshake.
   *
   * Early data can be **replayed**: an attacker can send the same flight again, and the server may
   * act on it again. Send only requests that may be repeated, such as a GET or a DNS query.
   *
   * If the server rejects them and picks another protocol (ALPN) than that of the session, they are not
   * sent again, and `conn.warnings` has `EARLY_DATA_UNSENT`. So offer only the protocol that they are
   * for, or look at `conn.alpnProtocol`. If the server closes without an answer to them, they are sent
   * again over another connection; the promise waits a moment for that.
   *
   * Only one of the attempts that race for a connection carries the early data. When another
   * attempt wins, the carrier is closed, and the early data are sent on the winner after the
   * handshake.
   *
   * `prepareTls` makes early data of what is written first.
   */
  earlyData?: Uint8Array;
}

/** {@linkcode ConnectTlsOptions} after they were read. */
interface ConnectTlsSettings extends DialSettings, TlsClientSettings {
  readonly earlyData: Uint8Array | undefined;
}

const earlyBytes: Check<Uint8Array> = {
  ...bytes,
  expectation: "a Uint8Array; prepareTls and tlsSocket make early data of the first write",
};

const rules: Rules<ConnectTlsSettings> = {
  ...dialRules,
  ...tlsClientRules,
  earlyData: optional(earlyBytes),
};

/**
 * Opens a TLS connection whose first flight rides in the SYN where Fast Open (RFC 7413) allows it.
 *
 * With a cookie from an earlier connection the ClientHello is in the SYN, and the handshake is
 * complete after one round trip. With a session and `earlyData` the request is in the SYN too, and
 * the first byte of the answer arrives after one round trip. The certificate is verified against
 * the runtime's roots and the host name. The verification against roots can't be switched off.
 *
 * The addresses of the host race (RFC 8305). Where the path loses SYNs with data, a plain attempt
 * races with the Fast Open attempt. The first attempt that the server answers wins.
 *
 * Needs `--allow-net` under Deno and under Node's `--permission`, and `--allow-ffi` for Fast Open
 * and OpenSSL. Without FFI or OpenSSL the connection uses the runtime's own TLS, and
 * `conn.warnings` says so. Deno's `--allow-net=HOST:PORT` is enough, but without FFI Deno also asks
 * for the host's addresses. To use Deno's own roots, OpenSSL also needs `--allow-sys`, and
 * `--allow-env` for what the environment adds to them. Without `--allow-sys` it uses the system's
 * roots.
 *
 * ```ts
 * import { connectTls, listenTls } from "@firstflight/tls";
 * import { cert, key } from "./examples/certificate.ts";
 *
 * const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
 * (async () => {
 *   for await (const conn of listener) await conn.write(new TextEncoder().encode("hello"));
 * })();
 *
 * using conn = await connectTls({
 *   hostname: "127.0.0.1",
 *   port: listener.addr.port,
 *   caCerts: [cert],
 *   serverName: "localhost",
 * });
 * console.log(conn.protocol, conn.fastOpen.outcome); // "TLSv1.3" "cookie-requested"
 * listener.close();
 * ```
 *
 * @throws {OptionError} when an option is wrong
 * @throws {ConnectError} when no address could be connected to; `TIMED_OUT` when the handshake is
 * not complete within `connectTimeout`
 * @throws {TlsError} when the handshake or the verification fails
 * @throws the reason of `signal` when that aborts
 */
export async function connectTls(options: ConnectTlsOptions): Promise<TlsConn> {
  const settings = readOptions(options, rules, destinationIn);
  const { hostname, port, earlyData } = settings;
  checkDialSettings(settings);
  checkTlsSettings(settings, { hostname, port });
  const chosen = chooseEngine(settings, settings);
  const { stream, ...known } = await establish(settings, chosen, earlyData);
  return makeTlsConn(stream, known);
}
