/**
 * An `https.Agent` of this package. Everything that takes an agent, as most HTTP clients do, gets Fast
 * Open and resumption. A GET's request rides in the SYN.
 *
 *     deno run -A agent.ts https://example.com/
 *     bun agent.ts https://example.com/
 *     node agent.ts https://example.com/
 *
 * @module
 */

import { once } from "node:events";
import { get } from "node:https";
import process from "node:process";
import { buffer } from "node:stream/consumers";
import { Agent } from "../adapters/agent.ts";
import { safe, type TlsSocket } from "../mod.ts";
import { cert } from "./certificate.ts";

const url = new URL(process.argv[2] ?? "https://example.com/");
const trust = url.hostname === "localhost" ? { ca: cert } : {}; // For ./server.ts.
const agent = new Agent({ earlyData: safe.http1, ...trust });

for (const attempt of ["first", "second"]) {
  const request = get(url, { agent });
  const [response] = await once(request, "response");
  const socket = request.socket as unknown as TlsSocket;
  const { length } = await buffer(response);
  console.log(`${attempt}: ${response.statusCode}, ${length} bytes`);
  console.log(`  Fast Open ${socket.fastOpen?.outcome}, early data ${socket.earlyData}`);
}
agent.destroy();
