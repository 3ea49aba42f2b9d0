/**
 * An `https.Agent` that connects by `connectTls`. Everything that takes an agent, as most HTTP
 * clients do, gets Fast Open and resumption. A GET's request rides in the SYN.
 *
 *     deno run -A agent.ts https://example.com/
 *     bun agent.ts https://example.com/
 *     node agent.ts https://example.com/
 *
 * @module
 */

import { Agent, type AgentOptions, get } from "node:https";
import process from "node:process";
import type { Duplex } from "node:stream";
import { connectTls, type TlsConn } from "../mod.ts";
import { cert } from "./certificate.ts";

/** The connection that an agent is asked to make. */
interface Wanted {
  host?: string | null;
  port?: number | string | null;
  servername?: string;
  method?: string;
}

class FastOpenAgent extends Agent {
  /** The last connection, for inspection. */
  latest: TlsConn | undefined;
  #caCerts: string[] | undefined;

  constructor({ caCerts, ...options }: AgentOptions & { caCerts?: string[] } = {}) {
    super(options);
    this.#caCerts = caCerts;
  }

  override createConnection(
    { host, port, servername, method = "GET" }: Wanted,
    done?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    connectTls({
      hostname: host ?? "localhost",
      port: Number(port ?? 443),
      alpnProtocols: ["http/1.1"],
      // Others can replay early data: fine for a GET, wrong for an order.
      ...(method === "GET" ? { earlyData: "first-write" } : {}),
      ...(servername ? { serverName: servername } : {}),
      ...(this.#caCerts ? { caCerts: this.#caCerts } : {}),
    }).then(
      (conn) => done?.(null, (this.latest = conn).duplex),
      (error) => done?.(error, undefined!),
    );
  }
}

const url = new URL(process.argv[2] ?? "https://example.com/");
const trust = url.hostname === "localhost" ? { caCerts: [cert] } : {}; // For ./server.ts.
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
    `  Fast Open ${agent.latest?.fastOpen.outcome}, early data ${agent.latest?.earlyData}`,
  );
}
agent.destroy();
