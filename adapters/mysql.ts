/**
 * Connections to MySQL and MariaDB behind a proxy that begins with TLS, for mysql2 and MariaDB's own
 * connector (mariadb), and for libraries on top of them.
 *
 * @module
 */

import { OptionError, type TlsSocket, tlsSocket, type TlsSocketOptions } from "../mod.ts";

/** Options of a {@linkcode connector}: those of `tlsSocket`, without what the library decides. */
export interface ConnectorOptions extends
  Omit<
    TlsSocketOptions,
    | ("earlyData" | "optimisticSecureConnect")
    | ("host" | "hostname" | "port" | "signal" | "socket")
  > {}

/** What both libraries know of a connection that they ask for. */
interface Wanted {
  readonly host?: string;
  readonly port?: number;
  readonly ssl?: unknown;
}

/**
 * Makes what mysql2 and mariadb take as their option `stream`.
 *
 * It begins with TLS, and the ClientHello rides in the SYN. A server of MySQL does not begin so: it greets in
 * the clear, and can be asked for TLS only then. So this is for a proxy in front of it, such as HAProxy in
 * TCP mode, that ends TLS. The library's own option `ssl` stays off.
 *
 * ```ts no-eval
 * import { connector } from "@firstflight/tls/mysql";
 * import { createPool } from "mysql2/promise";
 *
 * const pool = createPool({ host: "db.example.com", port: 3307, stream: connector() });
 * ```
 *
 * Early data are refused: the server speaks first, so there is nothing to send.
 *
 * @throws {OptionError} when an option is wrong or not known. The function that is returned throws one where
 * the library is to start TLS, too, or does not tell where to
 */
export function connector(
  options: ConnectorOptions = {},
): (this: unknown, wanted?: object) => TlsSocket {
  for (const [name, why] of Object.entries(refused)) {
    if (name in options) throw new OptionError(name, `Option "${name}" is not taken here: ${why}`);
  }
  tlsSocket(options).destroy(); // It reads the options, and complains.
  // mysql2 hands its settings over as `config`. mariadb hands over a callback, and calls a method of them.
  return function (wanted) {
    const settings = (wanted as { config?: Wanted } | undefined)?.config ?? this;
    const { host, port, ssl } = (settings ?? {}) as Wanted;
    if (ssl) throw new OptionError("ssl", TLS_TWICE);
    if (!host || !port) throw new OptionError("stream", NOWHERE);
    return tlsSocket({ ...options, host, port });
  };
}

const NO_EARLY_DATA = "the server speaks first, so there is nothing to send early";
const SAID_ELSEWHERE = "say it to the library, which tells it for each connection";

const refused: Readonly<Record<string, string>> = {
  ...{ earlyData: NO_EARLY_DATA, optimisticSecureConnect: NO_EARLY_DATA },
  ...{ host: SAID_ELSEWHERE, hostname: SAID_ELSEWHERE, port: SAID_ELSEWHERE },
  socket: "a stream serves one connection, and the library opens many",
};

const TLS_TWICE =
  'The library\'s option "ssl" must be off: the connector starts TLS, and what it hands out is ' +
  "encrypted and verified already";

const NOWHERE =
  'The library has not told a host and a port; give it the function as it is, as "stream"';
