/**
 * Connections to PostgreSQL, for pg (node-postgres) and postgres.js, and for libraries on top of them.
 *
 * @module
 */

import {
  connect,
  FirstFlightError,
  type OpenTransport,
  OptionError,
  type TcpConn,
  type TlsSocket,
  tlsSocket,
  type TlsSocketOptions,
  type TransportWanted,
} from "../mod.ts";

/** Options of a {@linkcode connector}: those of `tlsSocket`, without what the library or PostgreSQL decides. */
export interface ConnectorOptions extends
  Omit<
    TlsSocketOptions,
    | ("ALPNProtocols" | "alpnProtocols" | "earlyData" | "optimisticSecureConnect")
    | ("host" | "hostname" | "port" | "signal" | "socket")
  > {
  /**
   * How TLS begins, in libpq's words. `"postgres"`, the default, asks the server first, whatever its version.
   * `"direct"` begins with the ClientHello, one round trip earlier; PostgreSQL can do that from 17 on.
   */
  sslNegotiation?: "postgres" | "direct";
}

/** What pg and postgres.js say when they ask for a connection. */
export interface Wanted {
  /** What the library itself would do about TLS. */
  readonly ssl?: unknown;
  /** The hosts to try, of postgres.js. pg says its host later, by `connect(port, host)`. */
  readonly host?: unknown;
  /** The port of each host, of postgres.js. */
  readonly port?: unknown;
  /** A path to connect to in place of a host, of postgres.js. */
  readonly path?: unknown;
  /** Which of the hosts will do, of postgres.js. */
  readonly target_session_attrs?: unknown;
}

/**
 * Stable names of the reasons why there is no TLS with PostgreSQL:
 *
 * - `"TLS_REFUSED"`: the server does not offer it. Nothing else was said to it
 * - `"SERVER_ERROR"`: the server has answered with an error. Its text could be anybody's, and is not shown
 * - `"NOT_POSTGRESQL"`: the server speaks another protocol, or has not agreed to speak this one
 * - `"UNENCRYPTED_BYTES"`: something came in the clear behind the server's consent, from whoever
 * - `"NO_ANSWER"`: the server has closed the connection in place of an answer
 */
export type NegotiationErrorCode =
  | "TLS_REFUSED"
  | "SERVER_ERROR"
  | "NOT_POSTGRESQL"
  | "UNENCRYPTED_BYTES"
  | "NO_ANSWER";

/** A server of PostgreSQL was reached, and there is no TLS with it. The connection is closed. */
export class NegotiationError extends FirstFlightError {
  /** The class's name, as in the stack trace. */
  override readonly name = "NegotiationError";
  /** What went wrong; stable across versions. */
  override readonly code: NegotiationErrorCode;

  /** Makes an error; public so that test doubles can make one. */
  constructor(
    code: NegotiationErrorCode,
    { hostname, port }: {
      readonly hostname?: string | undefined;
      readonly port?: number | undefined;
    } = {},
  ) {
    const where = hostname === undefined ? "" : ` at "${hostname}:${port}"`;
    super(`No TLS with PostgreSQL${where}: ${reasons[code]}`, {
      ...(hostname === undefined ? {} : { hostname }),
      ...(port === undefined ? {} : { port }),
      retryable: code === "SERVER_ERROR" || code === "NO_ANSWER",
    });
    this.code = code;
  }
}

const reasons: Readonly<Record<NegotiationErrorCode, string>> = {
  TLS_REFUSED: "the server does not offer it; ssl = on in its postgresql.conf changes that",
  SERVER_ERROR: "the server has answered with an error; its log tells which",
  NOT_POSTGRESQL:
    "the server has not agreed to speak PostgreSQL; is the port right, and is it version " +
    '17 or later where sslNegotiation is "direct"?',
  UNENCRYPTED_BYTES:
    "unencrypted bytes came behind the server's consent; somebody may be on the way",
  NO_ANSWER: "the server has closed the connection without an answer",
};

/**
 * Makes what pg takes as its option `stream`, and postgres.js as its option `socket`.
 *
 * The request for TLS rides in the SYN. The library gets a connection that is encrypted and verified
 * already, so its own option `ssl` stays off. There is no way back to an unencrypted one: whatever goes wrong
 * is the connection's error. Each connection is a `TlsSocket`, so pg's `enableChannelBinding` works.
 *
 * ```ts no-eval
 * import { connector } from "@firstflight/tls/pg";
 * import { Pool } from "pg";
 *
 * const pool = new Pool({ host: "db.example.com", ssl: false, stream: connector() });
 * ```
 *
 * Early data are refused: a query may change something, and even a login must not be repeated.
 *
 * @throws {OptionError} when an option is wrong or not known. The function that is returned throws one where
 * the library is to start TLS itself
 */
export function connector(options: ConnectorOptions = {}): (wanted?: Wanted) => TlsSocket {
  const { sslNegotiation = "postgres", ...own } = options;
  for (const [name, why] of Object.entries(refused)) {
    if (name in own) throw new OptionError(name, `Option "${name}" is not taken here: ${why}`);
  }
  if (!Object.hasOwn(negotiations, sslNegotiation)) {
    const message = `Option "sslNegotiation" must be "postgres" or "direct", got ${sslNegotiation}`;
    throw new OptionError("sslNegotiation", message);
  }
  const settings: TlsSocketOptions = { ...own, ...negotiations[sslNegotiation] };
  tlsSocket(settings).destroy(); // It reads the options, and complains.
  const hosts = new Hosts();
  return (wanted = {}) => {
    if (wanted.ssl) throw new OptionError("ssl", TLS_TWICE);
    if (wanted.path) throw new OptionError("path", NO_PATH);
    const socket = hosts.connect(wanted, settings);
    if (sslNegotiation === "direct") requireProtocol(socket);
    return socket;
  };
}

const NO_EARLY_DATA =
  "what is sent early can be replayed, and a query or a login that is repeated may do harm";
const SAID_ELSEWHERE = "say it to the library, which tells it for each connection";
const BY_NEGOTIATION = "sslNegotiation decides that";

const refused: Readonly<Record<string, string>> = {
  ...{ earlyData: NO_EARLY_DATA, optimisticSecureConnect: NO_EARLY_DATA },
  ...{ host: SAID_ELSEWHERE, hostname: SAID_ELSEWHERE, port: SAID_ELSEWHERE },
  ...{ ALPNProtocols: BY_NEGOTIATION, alpnProtocols: BY_NEGOTIATION, socket: BY_NEGOTIATION },
};

const TLS_TWICE =
  'The library\'s option "ssl" must be off, and so must "sslmode" or "ssl" in its URL and ' +
  "PGSSLMODE: the connector starts TLS, and what it hands out is encrypted and verified already";

const NO_PATH = "A path is a Unix socket, on which PostgreSQL has no TLS; leave the connector out";

/** SSLRequest (PostgreSQL 17, section 53.7). A server may get it twice: it changes nothing. */
const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f);

/** Opens a connection, and asks the server to start TLS on it. */
const askForTls: OpenTransport = async (wanted) => {
  const conn = await connect({ ...wanted, data: SSL_REQUEST });
  const onAbort = () => conn.close();
  wanted.signal.addEventListener("abort", onAbort);
  try {
    await readConsent(conn, wanted);
    return conn;
  } catch (error) {
    conn.close();
    throw error;
  } finally {
    wanted.signal.removeEventListener("abort", onAbort);
  }
};

/**
 * Reads the server's answer, a single byte. What follows it in the clear is never taken for the server's
 * (CVE-2021-23222): not what has come with it, and what comes later is no TLS, and ends the handshake.
 */
async function readConsent(conn: TcpConn, wanted: TransportWanted): Promise<void> {
  const answer = new Uint8Array(2);
  const length = await conn.read(answer);
  if (length === null) throw new NegotiationError("NO_ANSWER", wanted);
  const code = answers[String.fromCharCode(answer[0]!)];
  if (code !== "CONSENT") throw new NegotiationError(code ?? "NOT_POSTGRESQL", wanted);
  if (length > 1) throw new NegotiationError("UNENCRYPTED_BYTES", wanted);
}

const answers: Readonly<Record<string, NegotiationErrorCode | "CONSENT">> = {
  S: "CONSENT",
  N: "TLS_REFUSED",
  E: "SERVER_ERROR",
};

/** How each kind of negotiation is done. */
const negotiations: Readonly<Record<string, TlsSocketOptions>> = {
  postgres: { socket: askForTls },
  direct: { alpnProtocols: ["postgresql"] },
};

/** As libpq does: who has not agreed on the protocol may speak another one (the attack ALPACA). */
function requireProtocol(socket: TlsSocket): void {
  socket.once("secureConnect", () => {
    if (socket.alpnProtocol === "postgresql") return;
    const { servername, remotePort: port } = socket;
    const hostname = servername || socket.remoteAddress;
    socket.destroy(new NegotiationError("NOT_POSTGRESQL", { hostname, port }));
  });
}

/** Which of several hosts is next. postgres.js keeps that to itself, and asks again where one has failed. */
class Hosts {
  #next = 0;

  /** A socket; for pg one that waits for `connect(port, host)`. */
  connect({ host, port, target_session_attrs: isChoosy }: Wanted, settings: TlsSocketOptions) {
    if (!Array.isArray(host) || !Array.isArray(port)) return tlsSocket(settings);
    const index = this.#next % host.length;
    const socket = tlsSocket({ ...settings, host: host[index], port: port[index] });
    let isSecure = false;
    socket.once("secureConnect", () => isSecure = true);
    socket.once("close", () => {
      // Another connection may have failed at this host, and moved on.
      if ((!isSecure || isChoosy) && index === this.#next) this.#next = (index + 1) % host.length;
    });
    return socket;
  }
}
