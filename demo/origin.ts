/**
 * The demo's origin: HTTP/1.1 over this project's TLS listener, which accepts requests in SYNs.
 *
 *     origin.ts <address> <port>
 *
 * @module
 */

import process from "node:process";
import { listenTls, type TlsConn } from "../mod.ts";
import { cert, key } from "../examples/certificate.ts";
import { formatAnswer, requestsOn } from "./http.ts";

const [hostname = "127.0.0.1", port = "0"] = process.argv.slice(2);

const listener = listenTls({
  hostname,
  port: Number(port),
  cert,
  key,
  alpnProtocols: ["http/1.1"],
  maxEarlyData: 16 * 1024,
});
console.log(JSON.stringify({ port: listener.addr.port, fastOpen: listener.fastOpen }));

for await (const conn of listener) {
  serve(conn).catch(() => {}); // A client that breaks off affects no other.
}

async function serve(conn: TlsConn): Promise<void> {
  using _ = conn;
  for await (const { method, target, keepAlive } of requestsOn(conn)) {
    const safe = method === "GET" || method === "HEAD";
    // Early data may be a replay. Only a request that changes nothing may be answered at once.
    if (!safe) await conn.handshake();
    const answer = safe
      ? formatAnswer("200 OK", `You asked for ${target}.\n`, {
        keepAlive,
        bodiless: method === "HEAD",
      })
      : formatAnswer("405 Method Not Allowed", "Only GET and HEAD.\n", {
        keepAlive,
        allow: "GET, HEAD",
      });
    await conn.write(answer);
    if (!keepAlive) return await conn.closeWrite();
  }
}
