/**
 * An HTTPS GET through an HTTP proxy: CONNECT (RFC 9110, section 9.3.6), then TLS in the tunnel.
 *
 *     deno run -A http_proxy.ts http://proxy.example:3128/ https://example.com/
 *     bun http_proxy.ts http://user:password@proxy.example:3128/ https://example.com/
 *     node http_proxy.ts http://proxy.example:3128/ https://example.com/
 *
 * It asks twice. The second request rides in the tunnel's first flight, as early data.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { request } from "node:http";
import process from "node:process";
import type { Duplex } from "node:stream";
import { startTls } from "../mod.ts";
import { cert } from "./certificate.ts";

const proxy = new URL(process.argv[2] ?? "http://localhost:3128/");
const url = new URL(process.argv[3] ?? "https://example.com/");
const patience = Number(process.argv[4] ?? 10_000); // Milliseconds that the proxy may take.
const hostname = url.hostname.replace(/^\[|\]$/g, "");
const port = Number(url.port || 443);
const get = `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\n` +
  "Connection: close\r\n\r\n";

try {
  for (const attempt of ["first", "second"]) {
    using conn = await startTls(await openTunnel(proxy, `${url.hostname}:${port}`), {
      hostname, // Whom the tunnel leads to. The proxy must not be taken at its word.
      port,
      alpnProtocols: ["http/1.1"],
      earlyData: new TextEncoder().encode(get), // Others can replay it: fine for a GET.
      ...(hostname === "localhost" ? { caCerts: [cert] } : {}), // For ./server.ts.
    });
    const answer = await new Response(conn.readable).text();
    const status = answer.slice(0, answer.indexOf("\r\n"));
    console.log(`${attempt}: ${status}, ${answer.length} characters, early data ${conn.earlyData}`);
  }
} catch (error) {
  console.error(`${error}`);
  process.exitCode = 1;
}

/** Asks the proxy for a tunnel to `authority`. */
async function openTunnel(proxy: URL, authority: string): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const credentials = `Basic ${Buffer.from(user).toString("base64")}`;
  const asking = request({
    host: proxy.hostname.replace(/^\[|\]$/g, ""),
    port: Number(proxy.port || 80),
    method: "CONNECT",
    path: authority,
    headers: {
      Host: authority,
      ...(proxy.username ? { "Proxy-Authorization": credentials } : {}),
    },
    agent: false,
  });
  const timer = setTimeout(() => asking.destroy(new Error("it said nothing")), patience);
  asking.on("error", ({ message }) => {
    reject(new Error(`The proxy ${proxy.host} gave no answer: ${message}`));
  });
  asking.on("connect", ({ statusCode = 0, statusMessage }, tunnel, head) => {
    if (statusCode >= 200 && statusCode < 300) {
      // What came with the answer belongs to the tunnel.
      if (head.length > 0) tunnel.unshift(head);
      return resolve(tunnel);
    }
    tunnel.destroy();
    reject(new Error(`The proxy ${proxy.host} refused: ${statusCode} ${statusMessage}`));
  });
  asking.end();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
