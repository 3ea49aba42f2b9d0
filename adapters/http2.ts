/**
 * Connections for `node:http2`, and for libraries on top of it.
 *
 * @module
 */

import { OptionError, type TlsSocket, tlsSocket, type TlsSocketOptions } from "../mod.ts";

/** Options of a {@linkcode connector}: those of `tlsSocket` that do not say where to. */
export type ConnectorOptions = Omit<TlsSocketOptions, "host" | "hostname" | "port" | "signal">;

/**
 * Makes what `http2.connect` takes as its option `createConnection`.
 *
 * With `earlyData: safe.http2`, once there is a ticket, the session begins at once. So its first requests
 * ride in the first flight if they may be repeated. Others wait for the handshake.
 *
 * ```ts
 * import { safe } from "@firstflight/tls";
 * import { connector } from "@firstflight/tls/http2";
 * import { cert, key } from "./examples/certificate.ts";
 * import { once } from "node:events";
 * import { connect, createSecureServer } from "node:http2";
 * import type { AddressInfo } from "node:net";
 * import { text } from "node:stream/consumers";
 *
 * const server = createSecureServer({ cert, key }, (_request, response) => response.end("hello"));
 * await once(server.listen(0, "127.0.0.1"), "listening");
 * const { port } = server.address() as AddressInfo;
 *
 * const createConnection = connector({ earlyData: safe.http2, ca: cert });
 * const session = connect(`https://127.0.0.1:${port}`, { createConnection });
 * console.log(await text(session.request({ ":path": "/" }))); // "hello"
 * session.close();
 * server.close();
 * ```
 *
 * An authority that does not begin with `https:` is an `OptionError`.
 */
export function connector(options: ConnectorOptions = {}): (authority: URL) => TlsSocket {
  const settings: TlsSocketOptions = {
    alpnProtocols: ["h2"],
    ...(options.earlyData ? { optimisticSecureConnect: true } : {}),
    ...options,
  };
  const { socket: _toBeKept, ...read } = settings;
  tlsSocket(read).destroy(); // It reads the options, and complains.
  return ({ protocol, hostname, port }) => {
    if (protocol !== "https:") {
      throw new OptionError("authority", `"authority" must begin with "https:", got "${protocol}"`);
    }
    return tlsSocket({ ...settings, host: hostname, port: port || 443 });
  };
}
