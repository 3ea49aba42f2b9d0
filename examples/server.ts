/**
 * A TLS server that accepts requests in SYNs and answers before the handshake is complete.
 *
 *     deno run -A server.ts 8443
 *     bun server.ts 8443
 *     node server.ts 8443
 *
 * Ask it with `get.ts https://localhost:8443/`, with `curl --cacert certificate.pem`, or with
 * `../cli.ts time --ca certificate.pem https://localhost:8443/`.
 *
 * @module
 */

import process from "node:process";
import { listenTls, type TlsConn } from "../mod.ts";
import { cert, key } from "./certificate.ts";

const listener = listenTls({
  port: Number(process.argv[2] ?? 8443),
  cert,
  key,
  alpnProtocols: ["http/1.1"],
  maxEarlyData: 16 * 1024,
});
console.log(`https://localhost:${listener.addr.port}/`);
console.log(`Fast Open ${listener.fastOpen.enabled ? "enabled" : listener.fastOpen.reason}`);

for await (const conn of listener) {
  answer(conn).catch((error: Error) => console.error(error.message));
}

async function answer(conn: TlsConn): Promise<void> {
  await using _ = conn; // Sends close_notify, then closes.
  const head = await readHead(conn);
  // Early data may be a replay. A request that changes something waits for the handshake.
  if (!/^(GET|HEAD) /.test(head)) await conn.handshake();
  const body = `You said: ${head.slice(0, head.indexOf("\r\n"))}\n`;
  await conn.write(new TextEncoder().encode(
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n" +
      `Content-Length: ${body.length}\r\n\r\n${head.startsWith("HEAD ") ? "" : body}`,
  ));
}

/** Reads up to the empty line. A head of more than 16 KiB is an error. */
async function readHead(conn: TlsConn): Promise<string> {
  const buffer = new Uint8Array(16 * 1024);
  let text = "";
  while (!text.includes("\r\n\r\n")) {
    const length = await conn.read(buffer);
    if (length === null || text.length > buffer.length) throw new Error("That was no request");
    text += String.fromCharCode(...buffer.subarray(0, length));
  }
  return text;
}
