/**
 * Connections for undici: its `Client`, `Pool`, `Agent` and `fetch`, and libraries on top of them.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { tlsSocket, type TlsSocketOptions } from "../mod.ts";

/** Options of a {@linkcode connector}: those of `tlsSocket`, and undici's own for connections. */
export interface ConnectorOptions
  extends Omit<TlsSocketOptions, "host" | "hostname" | "port" | "signal" | "socket" | "timeout"> {
  /** Whether to offer HTTP/2. Default: what the client's option `allowH2` says. */
  allowH2?: boolean;
  /** Milliseconds for the connection to stand, as undici calls it. Default 10,000. */
  timeout?: number;
}

/** What undici asks for. */
export interface Wanted {
  /** A host name or an IP address. */
  readonly hostname: string;
  /** In digits; empty for the scheme's own. */
  readonly port: string;
  /** `"https:"` or `"http:"`. */
  readonly protocol: string;
  /** The name to send and to verify, where it is another one. */
  readonly servername?: string | null | undefined;
  /** The address of this machine to connect from. */
  readonly localAddress?: string | null | undefined;
  /** A tunnel through a proxy. */
  readonly httpSocket?: Duplex | undefined;
  /** A path to connect to in place of a host. */
  readonly socketPath?: string | null | undefined;
  /** Whether the client speaks HTTP/2, too. */
  readonly allowH2?: boolean | undefined;
}

/**
 * What is called with the connection, or with why there is none. By its type a `TlsSocket` is no `Socket`
 * of `node:net`; undici uses nothing that it has not.
 */
export type Connected = (
  ...result: [error: null, socket: Socket] | [error: Error, socket: null]
) => void;

/**
 * Makes what undici takes as its option `connect`.
 *
 * With `earlyData: safe.http`, once there is a ticket, undici is told at once that the connection stands.
 * So a request that may be repeated rides in the first flight. Any other waits for the handshake.
 *
 * ```ts
 * import { safe } from "@firstflight/tls";
 * import { connector } from "@firstflight/tls/undici";
 * import { cert, key } from "./examples/certificate.ts";
 * import { once } from "node:events";
 * import { createServer } from "node:https";
 * import type { AddressInfo } from "node:net";
 * import { Agent, fetch } from "undici";
 *
 * const server = createServer({ cert, key }, (_request, response) => response.end("hello"));
 * await once(server.listen(0, "127.0.0.1"), "listening");
 * const { port } = server.address() as AddressInfo;
 *
 * const dispatcher = new Agent({ connect: connector({ earlyData: safe.http, ca: cert }) });
 * const response = await fetch(`https://127.0.0.1:${port}/`, { dispatcher });
 * console.log(await response.text()); // "hello"
 * await dispatcher.close();
 * server.close();
 * ```
 *
 * `http:` is left to `node:net`. A `socketPath` is refused: a connection without TCP has nothing to gain
 * here. Where Bun replaces the package `undici` by its own, that ignores the option.
 */
export function connector(
  options: ConnectorOptions = {},
): (wanted: Wanted, callback: Connected) => void {
  const { allowH2: _ofUndici, timeout = 10_000, ...own } = options;
  const settings: TlsSocketOptions = {
    connectTimeout: timeout,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    ...(own.earlyData ? { optimisticSecureConnect: true } : {}),
    ...own,
  };
  tlsSocket(settings).destroy(); // It reads the options, and complains.
  return (wanted, callback) => {
    try {
      const [socket, event] = wanted.protocol === "https:"
        ? [tlsSocket({ ...settings, ...optionsFor(wanted, options) }), "secureConnect"] as const
        : [connect(whereTo(wanted)), "connect"] as const;
      let isTold = false;
      const tell: Connected = (...result) => {
        if (!isTold) callback(...result); // undici hears of later errors by itself.
        isTold = true;
      };
      socket.once(event, () => tell(null, socket as unknown as Socket));
      socket.on("error", (error: Error) => tell(error, null));
    } catch (error) {
      callback(error as Error, null);
    }
  };
}

/** What undici says of one connection, in the words of `tlsSocket`. */
function optionsFor(wanted: Wanted, options: ConnectorOptions): TlsSocketOptions {
  const { servername, httpSocket, socketPath } = wanted;
  const alpn = options.alpnProtocols ?? options.ALPNProtocols;
  const protocols = options.allowH2 ?? wanted.allowH2 ? ["http/1.1", "h2"] : ["http/1.1"];
  return {
    ...whereTo(wanted),
    ...(alpn ? {} : { alpnProtocols: protocols }),
    ...(servername ? { servername } : {}),
    ...(httpSocket ? { socket: httpSocket } : {}),
    ...(socketPath ? { socketPath } : {}),
  };
}

function whereTo({ hostname, port, protocol, localAddress }: Wanted) {
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port || (protocol === "https:" ? 443 : 80)),
    ...(localAddress ? { localAddress } : {}),
  };
}
