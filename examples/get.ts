/**
 * An HTTPS GET whose request rides in the SYN, as early data.
 *
 *     deno run -A get.ts https://example.com/
 *     bun get.ts https://example.com/
 *     node get.ts https://example.com/
 *
 * It asks twice. The first connection brings what the second one needs: a cookie for Fast Open and
 * a ticket for early data.
 *
 * @module
 */

import process from "node:process";
import { connectTls } from "../mod.ts";
import { cert } from "./certificate.ts";

const url = new URL(process.argv[2] ?? "https://example.com/");
const request = `GET ${url.pathname}${url.search} HTTP/1.1\r\n` +
  `Host: ${url.host}\r\nConnection: close\r\n\r\n`;

for (const attempt of ["first", "second"]) {
  using conn = await connectTls({
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || 443),
    alpnProtocols: ["http/1.1"],
    // Others can replay early data: fine for a GET, wrong for an order.
    earlyData: new TextEncoder().encode(request),
    ...(url.hostname === "localhost" ? { caCerts: [cert] } : {}), // For ./server.ts.
  });
  const answer = await new Response(conn.readable).text();
  const { outcome, synBytes, flightBytes } = conn.fastOpen;
  console.log(
    `${attempt}: ${answer.slice(0, answer.indexOf("\r\n"))}, ${answer.length} characters`,
  );
  console.log(`  Fast Open ${outcome}, ${synBytes} of ${flightBytes} bytes in the SYN`);
  console.log(`  early data ${conn.earlyData}, secure after ${conn.timing.secure.toFixed(1)} ms`);
}
