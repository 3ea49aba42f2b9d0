/**
 * Opens TLS connections.
 *
 * @module
 */

import { bytes, type Check, optional, readOptions, type Rules } from "../base/options.ts";
import { destinationIn, type DialOptions, dialRules, type DialSettings } from "../tcp/options.ts";
import { chooseEngine } from "./choose_engine.ts";
import { establish } from "./client/establish.ts";
import { FirstWriteStream } from "./client/first_write.ts";
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
   * Bytes to send with the ClientHello, before the handshake (RFC 8446, section 2.3). They need a
   * session from an earlier connection; without one, or when the server rejects them, they are sent
   * after the handshake.
   *
   * Early data can be **replayed**: an attacker can send the same flight again, and the server may
   * act on it again. Send only what may be repeated, such as a GET or a DNS query.
   *
   * Of the attempts that race for a connection one alone carries them. Should another one win, they
   * are sent on that after the handshake, when the first has been closed.
   *
   * `"first-write"` makes early data of what is written first: the promise resolves at once, and the
   * connection is made by the first `write()`, with all that is written in the same turn of the event
   * loop, or by `handshake()` without. So an HTTP client's request can ride in the SYN although nobody
   * knew it before. Reading waits and makes no connection; until it stands, what it was asked about
   * itself throws `NOT_CONNECTED`.
   */
  earlyData?: Uint8Array | "first-write";
}

/** {@linkcode ConnectTlsOptions} as they were read. */
interface ConnectTlsSettings extends DialSettings, TlsClientSettings {
  readonly earlyData: Uint8Array | "first-write" | undefined;
}

const bytesOrFirstWrite: Check<Uint8Array | "first-write"> = {
  expectation: 'a Uint8Array or "first-write"',
  accepts: (value) => value === "first-write" || bytes.accepts(value),
  copy: (value) => value === "first-write" ? value : new Uint8Array(value),
};

const rules: Rules<ConnectTlsSettings> = {
  ...dialRules,
  ...tlsClientRules,
  earlyData: optional(bytesOrFirstWrite),
};

/**
 * Opens a TLS connection whose first flight rides in the SYN where Fast Open (RFC 7413) allows.
 *
 * With a cookie from an earlier connection the ClientHello is in the SYN and the handshake is complete
 * after one round trip; with a session and `earlyData` the request is there too, and the answer's
 * first byte is back after one. The certificate is verified against the runtime's roots and the host
 * name; that can't be switched off.
 *
 * The addresses of the host race, and so do Fast Open and a plain connection where the path loses
 * SYNs with data; the first attempt that the server answers wins (RFC 8305).
 *
 * Needs `--allow-net` under Deno and under Node's `--permission`, and `--allow-ffi` for Fast Open and
 * OpenSSL; without that, or without OpenSSL, the runtime's own TLS does the work and
 * `conn.warnings` says so. Deno's `--allow-net=HOST:PORT` is enough, but without FFI Deno asks for the
 * host's addresses, too. For OpenSSL Deno's own roots also need `--allow-sys` and
 * `--allow-env=NODE_USE_SYSTEM_CA`; without, the system's take their place.
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
 * With `earlyData: "first-write"` only wrong options are thrown here; the rest is by the first use.
 *
 * @throws {OptionError} when an option is wrong
 * @throws {ConnectError} when no address could be connected to; `TIMED_OUT` when the handshake is not
 * complete within `connectTimeout`
 * @throws {TlsError} when the handshake or the verification fails
 * @throws the reason of `signal` when that aborts
 */
export async function connectTls(options: ConnectTlsOptions): Promise<TlsConn> {
  const settings = readOptions(options, rules, destinationIn);
  const { hostname, port, earlyData } = settings;
  checkTlsSettings(settings, { hostname, port });
  const chosen = chooseEngine(settings, settings);
  if (earlyData === "first-write") {
    const pending = new FirstWriteStream(settings, chosen.name, (first, signal) => {
      return establish({ ...settings, signal }, chosen, first);
    });
    return makeTlsConn(pending, pending);
  }
  const { stream, ...known } = await establish(settings, chosen, earlyData);
  return makeTlsConn(stream, known);
}
