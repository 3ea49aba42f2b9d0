/**
 * What options take, and what an error tells. Compiled, never run.
 */

import { lookup, promises, resolve4 } from "node:dns";
import type { LookupFunction as NodesLookup } from "node:net";
import { type Duplex, Readable } from "node:stream";
import {
  acceptTls,
  type AnyTransport,
  connect,
  connectTls,
  type FirstFlightError,
  listenTls,
  type LookupFunction,
  type Pem,
  type SessionStore,
  startTls,
  type TcpConn,
  type TlsConn,
} from "../../mod.ts";

const protocols = ["h2", "http/1.1"] as const;
const roots: readonly string[] = Object.freeze(["-----BEGIN CERTIFICATE-----"]);

export async function readonlyLists(conn: TcpConn, cert: string, key: string): Promise<void> {
  const lists = { alpnProtocols: protocols, caCerts: roots, groups: ["x25519"] as const };
  await connectTls({ hostname: "localhost", port: 443, ...lists });
  await startTls(conn, lists);
  listenTls({ port: 0, cert, key, alpnProtocols: protocols });
}

export async function certificates(file: Uint8Array, text: string, conn: TcpConn): Promise<void> {
  const forms: Pem[] = [file, text, [file], [text], [file, text], Object.freeze([text])];
  for (const cert of forms) {
    await connectTls({ hostname: "localhost", port: 443, caCerts: cert, cert, key: file });
    await startTls(conn, { caCerts: cert, cert, key: [text], passphrase: "secret" });
    listenTls({ port: 0, cert, key: cert, passphrase: "secret" });
  }
}

export async function resolvers(nodes: NodesLookup): Promise<void> {
  const dial = { hostname: "localhost", port: 443 };
  const resolvers: LookupFunction[] = [
    lookup,
    nodes,
    (_hostname, { family }, callback) => callback(null, "127.0.0.1", family),
    (_hostname, _options, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]),
    (_hostname, _options, callback) => callback(new Error("unknown")),
    async (hostname, options, callback) => callback(null, await promises.lookup(hostname, options)),
    // What knows of one answer alone, as authors used to write it.
    (_: string, __: object, call: (error: Error | null, address: string, family: number) => void) =>
      call(null, "127.0.0.1", 4),
  ];
  for (const lookup of resolvers) await connect({ ...dial, lookup });
  for (const family of [0, 4, 6, "IPv4", "IPv6"] as const) await connect({ ...dial, family });
  // @ts-expect-error: it has no options
  await connect({ ...dial, lookup: resolve4 });
  // @ts-expect-error: an answer is text
  await connect({ ...dial, lookup: (_hostname, _options, callback) => callback(null, 127) });
  // @ts-expect-error: there is no such version
  await connect({ ...dial, family: 5 });
}

export async function transports(stream: Duplex, conn: TlsConn, cert: string): Promise<void> {
  for (const transport of [stream, conn] satisfies AnyTransport[]) {
    await startTls(transport, { hostname: "localhost", port: 443, earlyData: new Uint8Array(3) });
    await acceptTls(transport, { cert, key: cert, maxEarlyData: 3 });
  }
  // @ts-expect-error: half of a stream carries no connection
  await startTls(new Readable(), { hostname: "localhost" });
  // @ts-expect-error: the first write is not known before there is a connection
  await startTls(stream, { hostname: "localhost", earlyData: "first-write" });
  // @ts-expect-error: a server needs its certificate and key
  await acceptTls(stream, {});
}

export async function slips(sessions: SessionStore): Promise<void> {
  // @ts-expect-error: the name is serverName
  await connectTls({ hostname: "localhost", port: 443, servername: "localhost", sessions });
  // @ts-expect-error: a TLS version is a name
  await connectTls({ hostname: "localhost", port: 443, minVersion: 1.3 });
  // @ts-expect-error: a listener needs its certificate and key
  listenTls({ port: 0 });
  // @ts-expect-error: lists of certificates have no lists in them
  await connectTls({ hostname: "localhost", port: 443, caCerts: [["-----BEGIN"]] });
  // @ts-expect-error: a passphrase is a text
  await connectTls({ hostname: "localhost", port: 443, passphrase: new Uint8Array(3) });
}

export function tell({ code, retryable, hostname, port, cause }: FirstFlightError): unknown {
  code satisfies string;
  retryable satisfies boolean;
  hostname satisfies string | undefined;
  port satisfies number | undefined;
  return cause;
}
