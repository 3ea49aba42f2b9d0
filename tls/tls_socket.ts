/**
 * Opens TLS sockets in the shape of Node's.
 *
 * @module
 */

import { destinationOf } from "../tcp/face/settings.ts";
import { checkDialSettings } from "../tcp/options.ts";
import { chooseEngine } from "./choose_engine.ts";
import { SocketStream } from "./client/socket_stream.ts";
import { makeTlsSocket, type TlsSocket, type TlsSocketKind } from "./socket.ts";
import { readTlsSocketOptions, type TlsSocketOptions } from "./socket_options.ts";

/**
 * Opens a TLS connection and returns its socket at once, as `tls.connect` does. Libraries that take a
 * socket take this one: it has the members, the events and the error codes of `tls.TLSSocket`. It also
 * takes Node's names for options. Errors come as the event "error", with Node's codes; their `cause` is
 * a `TlsError` or a `ConnectError`.
 *
 * Without a `port` the socket is not connected, and waits for its method `connect(port, host)`.
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
  const chosen = chooseEngine(settings, {
    hostname: settings.hostname ?? "",
    port: settings.port ?? 0,
  });
  const kind = {
    collectsFirstWrites: settings.earlyData !== undefined,
    open(given, heard) {
      const destination = { ...settings, signal: undefined, ...destinationOf(settings, given) };
      checkDialSettings(destination);
      const stream = new SocketStream(destination, chosen, heard);
      return {
        stream,
        ready: stream.standing(),
        facts: () => stream.facts,
        get result() {
          return stream.result;
        },
        get peerCertificate() {
          return stream.peerCertificate;
        },
        get warnings() {
          return stream.known?.warnings ?? [];
        },
      };
    },
  } satisfies TlsSocketKind;
  return makeTlsSocket(settings, kind, settings.port !== undefined);
}
