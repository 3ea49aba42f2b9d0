/**
 * Connections for nodemailer.
 *
 * @module
 */

import type { Socket } from "node:net";
import { OptionError, tlsSocket, type TlsSocketOptions } from "../mod.ts";

/** Options of a {@linkcode connector}: those of `tlsSocket` that do not say where to. */
export type ConnectorOptions = Omit<
  TlsSocketOptions,
  | "earlyData"
  | "host"
  | "hostname"
  | "optimisticSecureConnect"
  | "port"
  | "signal"
  | "socket"
  | "timeout"
>;

/** What is read of the options of a transport. */
export interface TransportOptions {
  /** A host name or an IP address. Default `"localhost"`. */
  readonly host?: string | undefined;
  /** Default 465. */
  readonly port?: number | string | undefined;
  /** TLS from the first byte on. Default: whether the port is 465. */
  readonly secure?: boolean | undefined;
  /** Options of TLS. */
  readonly tls?: object | undefined;
  /** The name to send and to verify, where it is another one. */
  readonly servername?: string | undefined;
  /** The address of this machine to connect from. */
  readonly localAddress?: string | undefined;
  /** Milliseconds for the connection and its handshake. Default two minutes. */
  readonly connectionTimeout?: number | undefined;
}

/** What nodemailer is to know of a connection. By its type a `TlsSocket` is no `Socket` of `node:net`. */
export interface Connected {
  /** The socket of the connection. */
  readonly connection: Socket;
  /** TLS was there from the first byte on. */
  readonly secure: true;
  /** nodemailer has not to start it. */
  readonly secured: true;
}

/** The port of mail over TLS (RFC 8314). */
const PORT = 465;

/** Milliseconds that nodemailer waits for a connection by itself. */
const CONNECTION_TIMEOUT = 120_000;

/**
 * Makes what nodemailer takes as its option `getSocket`, in place of its own TLS.
 *
 * What the transport's option `tls` says counts, and what is given here counts more.
 *
 * ```ts no-eval
 * import { connector } from "@firstflight/tls/nodemailer";
 * import { createTransport } from "nodemailer";
 *
 * const transport = createTransport({ url: "smtps://smtp.example", getSocket: connector() });
 * await transport.sendMail({ from: "a@example.com", to: "b@example.com", text: "hello" });
 * ```
 *
 * There are no early data: in SMTP the server speaks first. Without TLS from the first byte on nothing
 * can be gained either, so a transport that is not `secure` fails with an `OptionError`; leave the
 * option `getSocket` out there. So does an option of `tls` that `tlsSocket` does not know.
 *
 * @throws {OptionError} when an option is wrong or not known
 */
export function connector(
  options: ConnectorOptions = {},
): (
  transport: TransportOptions,
  callback: (error: Error | null, connected?: Connected) => void,
) => void {
  tlsSocket(options).destroy(); // It reads the options, and complains.
  return (transport, callback) => {
    try {
      const socket = tlsSocket(settingsOf(transport, options));
      socket.once("error", callback);
      socket.once("secureConnect", () => {
        socket.off("error", callback);
        const connection = socket as unknown as Socket;
        callback(null, { connection, secure: true, secured: true });
      });
    } catch (error) {
      callback(error as Error);
    }
  };
}

/** The options of one transport, in the words of `tlsSocket`. */
function settingsOf(transport: TransportOptions, own: ConnectorOptions): TlsSocketOptions {
  const { host, localAddress, servername, tls, connectionTimeout } = transport;
  const port = Number(transport.port) || PORT;
  if (!(transport.secure ?? port === PORT)) {
    const advice = "with STARTTLS nothing is gained, so leave getSocket out there";
    throw new OptionError("secure", `"secure" must be true for this connector: ${advice}`);
  }
  return {
    ...{ host, port, connectTimeout: connectionTimeout || CONNECTION_TIMEOUT },
    ...(localAddress ? { localAddress } : {}),
    ...(servername ? { servername } : {}),
    ...tls,
    ...own,
  };
}
