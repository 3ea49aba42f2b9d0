/**
 * An `https.Agent` that connects by `tlsSocket`. Everything that takes an agent, as most HTTP
 * clients do, gets Fast Open and resumption. A GET's request rides in the SYN.
 *
 *     deno run -A agent.ts https://example.com/
 *     bun agent.ts https://example.com/
 *     node agent.ts https://example.com/
 *
 * @module
 */

import { Agent, get, type RequestOptions } from "node:https";
import process from "node:process";
import { type EarlyDataRule, type TlsSocket, tlsSocket } from "../mod.ts";
import { cert } from "./certificate.ts";

/** Others can replay early data: fine for a GET, wrong for an order. */
const onlyGet: EarlyDataRule = {
  mayRide: (first) => new TextDecoder().decode(first).startsWith("GET ") ? first.length : 0,
};

class FastOpenAgent extends Agent {
  /** The last connection, for inspection. */
  latest: TlsSocket | undefined;

  override createConnection({ host, port, servername, ca }: RequestOptions): TlsSocket {
    return this.latest = tlsSocket({
      host,
      port,
      servername,
      ca,
      alpnProtocols: ["http/1.1"],
      earlyData: onlyGet,
    });
  }
}

const url = new URL(process.argv[2] ?? "https://example.com/");
const trust = url.hostname === "localhost" ? { ca: cert } : {}; // For ./server.ts.
const agent = new FastOpenAgent(trust);

for (const attempt of ["first", "second"]) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  get(url, { agent }, (response) => {
    let length = 0;
    response.on("data", (chunk: Uint8Array) => length += chunk.length);
    response.on("error", reject);
    response.on("end", () => resolve(`${response.statusCode}, ${length} bytes`));
  }).on("error", reject);
  console.log(`${attempt}: ${await promise}`);
  console.log(
    `  Fast Open ${agent.latest?.fastOpen?.outcome}, early data ${agent.latest?.earlyData}`,
  );
}
agent.destroy();
