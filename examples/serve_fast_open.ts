/**
 * An ordinary `node:https` server that accepts data in SYNs. Fast Open can be enabled for
 * `Deno.serve`, `Bun.serve`, `node:http` and `net.Server` in the same way.
 *
 *     deno run -A serve_fast_open.ts 8443
 *     bun serve_fast_open.ts 8443
 *     node serve_fast_open.ts 8443
 *
 * On Linux it needs `sysctl -w net.ipv4.tcp_fastopen=3`, and says so.
 *
 * @module
 */

import { createServer } from "node:https";
import process from "node:process";
import { enableFastOpen } from "../mod.ts";
import { cert, key } from "./certificate.ts";

const server = createServer({ cert, key }, (request, response) => {
  response.setHeader("Content-Type", "text/plain");
  response.end(`You said: ${request.method} ${request.url}\n`);
});

server.listen(Number(process.argv[2] ?? 8443), () => {
  const { enabled, reason } = enableFastOpen(server);
  console.log(`https://localhost:${(server.address() as { port: number }).port}/`);
  console.log(`Fast Open ${enabled ? "enabled" : reason}`);
});
