/**
 * Round trips until a library has the head of its answer: over its own TLS, over this package's sockets, where
 * the request is early data, and as it is, in a program under the flag:
 *
 *     npm run bench:libraries -- --repeat 15 --runtimes deno,bun,node
 *
 * On the emulated network, 35 ms of round trip, against Debian's nginx. Each request is made over a
 * connection of its own, in a process that lives through the whole benchmark and has tickets and cookies.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import type { LibraryFinding, LibraryName, LibraryQuestion } from "./clients/libraries.ts";
import { AskedClient, type AskedClientOptions } from "./harness/asked_client.ts";
import { cert } from "./harness/certificate.ts";
import { exitOnSignals } from "./harness/client.ts";
import { PORT, RTT, startNetwork, startServer } from "./harness/network.ts";
import { showProgress } from "./harness/progress.ts";
import { parseRuntimes, runtimeNames } from "./harness/runtimes.ts";
import { report, type Series } from "./libraries_report.ts";

/** Requests of each kind that are not counted: the first two bring the cookie and a ticket. */
const WARM_UP = 5;
const LIBRARIES: readonly LibraryName[] = ["axios", "got", "undici", "node:https", "node:http2"];
const WAYS = ["own TLS", "early data", "flag"] as const;

const { values: options } = parseArgs({
  options: {
    repeat: { type: "string", default: "15" },
    runtimes: { type: "string", default: runtimeNames.join(",") },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  console.log(`Usage: bench/libraries.ts [options]

  --repeat N        requests of each kind (default 15)
  --runtimes LIST   of deno,bun,node (default all)`);
  process.exit(0);
}

exitOnSignals();
const repeat = Number(options.repeat);
await using lab = await startNetwork();
await using _nginx = await startServer(lab, { listen: "http2" });
using stack = new DisposableStack();

const program = new URL("./clients/libraries.ts", import.meta.url);
const target = { hostname: lab.server.ipv4, port: PORT };
const all: (Series & { readonly ask: () => Promise<LibraryFinding> })[] = [];
for (const runtime of parseRuntimes(options.runtimes)) {
  const start = (options: AskedClientOptions) =>
    stack.use(
      new AskedClient<LibraryQuestion, LibraryFinding>(lab.client.spawn, runtime, program, options),
    );
  const plain = start({});
  const flagged = start({ flagged: true, env: { ...process.env, FIRSTFLIGHT_EARLY_DATA: "safe" } });
  for (const library of LIBRARIES) {
    for (const way of WAYS) {
      const client = way === "flag" ? flagged : plain;
      const ask = () => client.ask({ library, own: way !== "early data", target, caCert: cert });
      all.push({ runtime, library, way, heads: [], late: 0, ask });
    }
  }
}

// They take turns, so that other work of the machine affects all of them alike.
for (let round = -WARM_UP; round < repeat; round++) {
  for (const series of all) {
    showProgress(`round ${round + 1} of ${repeat}: ${series.runtime} ${series.library}`);
    const { head, isEarly } = await series.ask();
    if (round < 0) continue;
    if (series.way === "own TLS" || isEarly) series.heads.push(head);
    else series.late++;
  }
}
showProgress();
console.log(report(all, RTT));
