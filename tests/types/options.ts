/**
 * What options take, and what an error tells. Compiled, never run.
 */

import {
  connectTls,
  type FirstFlightError,
  listenTls,
  type SessionStore,
  startTls,
  type TcpConn,
} from "../../mod.ts";

const protocols = ["h2", "http/1.1"] as const;
const roots: readonly string[] = Object.freeze(["-----BEGIN CERTIFICATE-----"]);

export async function readonlyLists(conn: TcpConn, cert: string, key: string): Promise<void> {
  const lists = { alpnProtocols: protocols, caCerts: roots, groups: ["x25519"] as const };
  await connectTls({ hostname: "localhost", port: 443, ...lists });
  await startTls(conn, lists);
  listenTls({ port: 0, cert, key, alpnProtocols: protocols });
}

export async function slips(sessions: SessionStore): Promise<void> {
  // @ts-expect-error: the name is serverName
  await connectTls({ hostname: "localhost", port: 443, servername: "localhost", sessions });
  // @ts-expect-error: a TLS version is a name
  await connectTls({ hostname: "localhost", port: 443, minVersion: 1.3 });
  // @ts-expect-error: a listener needs its certificate and key
  listenTls({ port: 0 });
}

export function tell({ code, retryable, hostname, port, cause }: FirstFlightError): unknown {
  code satisfies string;
  retryable satisfies boolean;
  hostname satisfies string | undefined;
  port satisfies number | undefined;
  return cause;
}
