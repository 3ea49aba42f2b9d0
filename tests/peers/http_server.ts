/**
 * The part of an HTTP server that it takes to answer real clients from `listenTls`.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { FastOpenResult, NetAddr, TlsConn, TlsListener } from "../../mod.ts";

/** What the server saw of one request. */
export interface Served {
  /** `GET / HTTP/1.1` */
  readonly request: string;
  readonly bodyBytes: number;
  readonly bodySha256: string;
  /** Whether the handshake was complete when the request had been read. */
  readonly secured: boolean;
  /** What happened to the early data, once the handshake was complete. */
  readonly earlyData: TlsConn["earlyData"];
  readonly protocol: TlsConn["protocol"];
  readonly alpnProtocol: string | null;
  readonly resumed: boolean;
  readonly fastOpen: FastOpenResult;
  readonly localAddr: NetAddr;
  readonly remoteAddr: NetAddr;
}

/**
 * Answers one request per connection until the listener closes: `/bytes/N` with N bytes, any other
 * path with what the server knows of the body. Reports each request, and each connection that
 * broke.
 */
export async function serveHttp(
  listener: TlsListener,
  tell: (served: Served) => void = () => {},
  broke: (error: unknown) => void = () => {},
): Promise<void> {
  for await (const conn of listener) answer(conn).then(tell, broke).finally(() => conn.close());
}

async function answer(conn: TlsConn): Promise<Served> {
  let secured = false;
  const handshake = conn.handshake().then(() => secured = true);
  const { head, body } = await readRequest(conn);
  const before = secured;
  const [request = "", path = ""] = [head.split("\r\n")[0], head.split(" ")[1]];
  const bodySha256 = createHash("sha256").update(body).digest("hex");
  const size = /^\/bytes\/(\d+)$/.exec(path)?.[1];
  const content = size === undefined
    ? Buffer.from(JSON.stringify({ bodyBytes: body.length, bodySha256 }))
    : bytesOfSize(Number(size));
  const lines = [
    "HTTP/1.1 200 OK",
    `Content-Length: ${content.length}`,
    "Content-Type: text/plain",
    "Connection: close",
  ];
  await conn.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`));
  await conn.write(content);
  await handshake;
  await conn.closeWrite();
  // What the client still sends does not matter, and neither does an error here.
  while (await conn.read(new Uint8Array(1024)).catch(() => null) !== null);
  const { earlyData, protocol, alpnProtocol, resumed, fastOpen, localAddr, remoteAddr } = conn;
  return {
    request,
    bodyBytes: body.length,
    bodySha256,
    secured: before,
    ...{ earlyData, protocol, alpnProtocol, resumed, fastOpen, localAddr, remoteAddr },
  };
}

/** The answer to `/bytes/N`. No two stretches of it are alike, so that a displaced one shows. */
export function bytesOfSize(size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) {
    bytes[index] = index * 7 + (index >> 8) * 13 + (index >> 16) * 29;
  }
  return bytes;
}

async function readRequest(conn: TlsConn): Promise<{ head: string; body: Uint8Array }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let wanted = Infinity;
  let head = "";
  while (size < wanted) {
    const chunk = new Uint8Array(64 * 1024);
    const length = await conn.read(chunk);
    if (length === null) throw new Error("The request ended early");
    chunks.push(chunk.subarray(0, length));
    size += length;
    if (head === "") {
      const start = Buffer.concat(chunks).toString("latin1");
      const end = start.indexOf("\r\n\r\n");
      if (end === -1) continue;
      head = start.slice(0, end);
      const expected = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
      wanted = end + 4 + expected;
    }
  }
  return { head, body: Buffer.concat(chunks).subarray(head.length + 4) };
}
