/**
 * Full handshakes with X25519MLKEM768, whose key share nearly fills a SYN. One run compares
 * firstflight with the runtime's own TLS, over firstflight's Fast Open and over its own socket:
 *
 *     npm run bench:hello -- --repeat 25 --json
 *
 * It runs on the emulated network, with a round trip of 35 ms. The server is this project's
 * listener on Node, whose library has that group; Debian 12's has not. The connections take turns,
 * so that other work of the machine affects all of them alike.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { startRemoteServer } from "../tests/peers/remote_server.ts";
import type { HelloQuestion } from "./clients/hello.ts";
import type { Observation } from "./clients/latency/way.ts";
import { AskedClient } from "./harness/asked_client.ts";
import { cert, key } from "./harness/certificate.ts";
import { exitOnSignals } from "./harness/client.ts";
import { witness } from "./harness/evidence.ts";
import { PORT, RTT, startNetwork } from "./harness/network.ts";
import { showProgress } from "./harness/progress.ts";
import { parseRuntimes, runtimeNames } from "./harness/runtimes.ts";
import { objection, report, type Series, ways } from "./hello_report.ts";

/** Connections of each kind that are not counted: compilers warm up, cookies arrive. */
const WARM_UP = 5;

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    repeat: { type: "string", default: "25" },
    runtimes: { type: "string", default: "node" },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  console.log(`Usage: bench/hello.ts [options]

  --repeat N        connections of each kind (default 25)
  --runtimes LIST   of ${runtimeNames.join(",")} (default node)
  --json            print everything as JSON`);
  process.exit(0);
}

exitOnSignals();
const runtimes = parseRuntimes(options.runtimes);
await using lab = await startNetwork();
await using _server = await startRemoteServer(lab.server, {
  cert,
  key,
  port: PORT,
  alpnProtocols: ["http/1.1"],
});
using stack = new DisposableStack();

const program = new URL("./clients/hello.ts", import.meta.url);
const series: (Series & { readonly connect: () => Promise<Observation> })[] = [];
for (const runtime of runtimes) {
  const client = stack.use(
    new AskedClient<HelloQuestion, Observation>(lab.client.spawn, runtime, program),
  );
  for (const family of ["ipv4", "ipv6"] as const) {
    const target = { hostname: lab.server[family], port: PORT };
    for (const way of ways) {
      const connect = () => client.ask({ way, target });
      series.push({ runtime, family, way, measurements: [], connect });
    }
  }
}

for (let round = -WARM_UP; round < Number(options.repeat); round++) {
  for (const { runtime, family, way, measurements, connect } of series) {
    const name = round < 0 ? "warming up" : `round ${round + 1} of ${options.repeat}`;
    showProgress(`${name}: ${runtime} ${way}, ${family}`);
    const evidence = await witness(lab, connect);
    if (round >= 0) measurements.push({ ...evidence, objection: objection(way, evidence) });
  }
}
showProgress();
if (options.json) console.log(JSON.stringify({ rtt: RTT, series }, null, 2));
else console.log(report(series, RTT));
