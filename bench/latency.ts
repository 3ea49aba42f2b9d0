/**
 * Round trips until the handshake is complete and until the response begins. One run compares
 * firstflight with the runtimes' own TLS, curl and gnutls-cli:
 *
 *     npm run bench:latency -- --repeat 25 --runtimes deno,bun --json
 *
 * It runs on the emulated network, with a round trip of 35 ms, against Debian's nginx. The
 * connections take turns, so that other work of the machine affects all of them alike. The link is
 * the witness: where a flight should ride in the SYN, the connection counts only if the link saw it
 * there.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import type { Observation } from "./clients/latency/way.ts";
import { AskedClient } from "./harness/asked_client.ts";
import { exitOnSignals } from "./harness/client.ts";
import { commands } from "./harness/commands.ts";
import { objectionTo, witness } from "./harness/evidence.ts";
import { kindOf, kinds, runtimeKinds } from "./harness/kinds.ts";
import { PORT, RTT, startNetwork, startServer } from "./harness/network.ts";
import { showProgress } from "./harness/progress.ts";
import { parseRuntimes, type RuntimeName, runtimeNames } from "./harness/runtimes.ts";
import { report, type Series } from "./latency_report.ts";

/** Milliseconds for one connection by a command. */
const TIMEOUT = 5000;
/** Connections of each kind that are not counted: compilers warm up, cookies arrive. */
const WARM_UP = 5;

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    repeat: { type: "string", default: "25" },
    runtimes: { type: "string", default: runtimeNames.join(",") },
    only: { type: "string", default: "" },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  console.log(`Usage: bench/latency.ts [options]

  --repeat N        connections of each kind (default 25)
  --runtimes LIST   of deno,bun,node (default all)
  --only TEXT       measure only what has this in its name, such as "cookie"
  --json            print everything as JSON`);
  process.exit(0);
}

const natives: Readonly<Record<RuntimeName, readonly string[]>> = {
  deno: ["Deno.connectTls"],
  bun: ["Bun.connect"],
  node: [],
};
const everywhere = [...Object.keys({ ...kinds, ...runtimeKinds }), "node:tls", "fetch"];

exitOnSignals();
const runtimes = parseRuntimes(options.runtimes);
await using lab = await startNetwork();
const target = { hostname: lab.server.ipv4, port: PORT };
await using nginx = await startServer(lab);
const env = { ...process.env, NODE_EXTRA_CA_CERTS: `${nginx.folder}/cert.pem` };
using stack = new DisposableStack();

const program = new URL("./clients/latency.ts", import.meta.url);
const series: (Series & { readonly connect: () => Promise<Partial<Observation>> })[] = [];
for (const runtime of runtimes) {
  const options = { env, args: [target] };
  const client = stack.use(
    new AskedClient<string, Observation>(lab.client.spawn, runtime, program, options),
  );
  for (const way of [...everywhere, ...natives[runtime]]) {
    series.push({ runtime, way, measurements: [], connect: () => client.ask(way) });
  }
}
for (const [way, command] of Object.entries(commands)) {
  const connect = () => command(lab.client, target, { folder: nginx.folder, timeout: TIMEOUT });
  series.push({ runtime: "", way, measurements: [], connect });
}
const wanted = series.filter(({ runtime, way }) => `${runtime} ${way}`.includes(options.only));

for (let round = -WARM_UP; round < Number(options.repeat); round++) {
  for (const { runtime, way, measurements, connect } of wanted) {
    if (runtime === "" && round < -1) continue; // A command starts anew each time.
    const name = round < 0 ? "warming up" : `round ${round + 1} of ${options.repeat}`;
    showProgress(`${name}: ${runtime} ${way}`);
    const evidence = await witness(lab, connect);
    const objection = objectionTo(evidence, kindOf(way));
    if (round >= 0) measurements.push({ ...evidence, objection });
  }
}
showProgress();
if (options.json) console.log(JSON.stringify({ rtt: RTT, series: wanted }, null, 2));
else console.log(report(wanted, RTT));
