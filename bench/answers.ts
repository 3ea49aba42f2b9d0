/**
 * Answers to early data from a server that closes after them: how many arrive whole. And how long a
 * server that waits for the Finished has to wait:
 *
 *     npm run bench:answers -- --repeat 100 --runtimes deno,bun,node
 *
 * On the emulated network, 35 ms of round trip, against Debian's nginx and `openssl s_server`. An answer
 * counts only if its request was accepted as early data.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { temporaryFolder } from "../tests/peers/folder.ts";
import { certificates } from "../tests/peers/certificates.ts";
import { startOpensslServer } from "../tests/peers/openssl_server.ts";
import { report, type Series, type Waiting } from "./answers_report.ts";
import type { EarlyFinding, EarlyQuestion } from "./clients/early_get.ts";
import { AskedClient } from "./harness/asked_client.ts";
import { cert } from "./harness/certificate.ts";
import { exitOnSignals, run } from "./harness/client.ts";
import { PORT, startNetwork, startServer } from "./harness/network.ts";
import { showProgress } from "./harness/progress.ts";
import { commandFor, parseRuntimes, type RuntimeName, runtimeNames } from "./harness/runtimes.ts";

/** Bytes of the answer's body. */
const SIZES = [1_000, 9_000, 17_000, 20_000, 40_000, 60_000, 80_000, 200_000, 1_000_000];
/** Of these, those for a new process each, and for a network that loses packets. */
const COLD_SIZES = [20_000, 60_000];
const LOSSY_SIZES = [1_000, 9_000, 20_000, 60_000];
const LOSS = 0.01;

/** Where the server listens that waits for the Finished. */
const WAITING_PORT = 444;
/** Milliseconds in which a Finished that was held back has left. */
const IDLE = 150;
const WAITS = 15;

const { values: options } = parseArgs({
  options: {
    repeat: { type: "string", default: "20" },
    runtimes: { type: "string", default: runtimeNames.join(",") },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  console.log(`Usage: bench/answers.ts [options]

  --repeat N        early answers of each kind (default 20)
  --runtimes LIST   of deno,bun,node (default all)`);
  process.exit(0);
}

exitOnSignals();
const repeat = Number(options.repeat);
const runtimes = parseRuntimes(options.runtimes);
await using lab = await startNetwork();
await using _nginx = await startServer(lab, {
  server: "location /page/ { alias {folder}/; keepalive_timeout 0; }",
  files(folder) {
    for (const size of SIZES) writeFileSync(join(folder, `page-${size}`), new Uint8Array(size));
  },
});
const program = new URL("./clients/early_get.ts", import.meta.url);
const target = { hostname: lab.server.ipv4, port: PORT };

function question(size: number, folder?: string): EarlyQuestion {
  const early = `GET /page/page-${size} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  return { target, caCert: cert, early, ...(folder === undefined ? {} : { folder }) };
}

/** Asks until so many requests were early. A full handshake comes in between when tickets run out. */
async function gather(
  series: Omit<Series, "whole" | "cut">,
  ask: () => Promise<EarlyFinding>,
): Promise<Series> {
  const cut: string[] = [];
  let whole = 0;
  for (let tries = 0; whole + cut.length < repeat && tries < 3 * repeat + 5; tries++) {
    const { runtime, how, size } = series;
    showProgress(`${runtime}, ${how}, ${size} bytes: ${whole + cut.length} of ${repeat}`);
    const { isEarly, bytes, error } = await ask();
    if (!isEarly) continue;
    if (error === undefined && bytes >= size) whole++;
    else cut.push(`${error ?? "end"} after ${bytes}`);
  }
  return { ...series, whole, cut };
}

async function gatherAll(runtime: RuntimeName): Promise<Series[]> {
  const series: Series[] = [];
  using client = new AskedClient<EarlyQuestion, EarlyFinding>(lab.client.spawn, runtime, program);
  for (const size of SIZES) {
    const what = { runtime, how: "warm process", size };
    series.push(await gather(what, () => client.ask(question(size))));
  }
  for (const size of COLD_SIZES) {
    using folder = temporaryFolder();
    const ask = async (): Promise<EarlyFinding> => {
      const command = commandFor(
        runtime,
        program,
        JSON.stringify(question(size, folder.path("s"))),
      );
      return JSON.parse(await run(lab.client.spawn, command));
    };
    series.push(await gather({ runtime, how: "new process each", size }, ask));
  }
  await lab.setMiddleboxes([{ kind: "loss", share: LOSS }]);
  for (const size of LOSSY_SIZES) {
    const what = { runtime, how: "1 % of packets lost", size };
    series.push(await gather(what, () => client.ask(question(size))));
  }
  await lab.setMiddleboxes([]);
  return series;
}

/** Milliseconds between a server's first flight and what the client sends next, as the link saw them. */
async function answerDelay(
  ask: () => Promise<EarlyFinding>,
  expected: boolean,
): Promise<number | undefined> {
  await lab.clearPackets();
  const { isEarly } = await ask();
  if (isEarly !== expected) return undefined;
  const packets = await lab.packets();
  // Packets of the connection before may still come.
  const port = packets.find(({ flags }) => flags === "S")?.sourcePort;
  const own = packets.filter(({ sourcePort, destinationPort }) =>
    sourcePort === port || destinationPort === port
  );
  const first = own.find(({ from, payload }) => from === "server" && payload > 0);
  const next = own.find(({ from, payload, at }) =>
    from === "client" && payload > 0 && first !== undefined && at > first.at
  );
  return first && next ? next.at - first.at : undefined;
}

async function wait(runtime: RuntimeName): Promise<Waiting> {
  await using _server = await startOpensslServer(
    ["-early_data", "-no_anti_replay"],
    { place: lab.server, accept: `${lab.server.ipv4}:${WAITING_PORT}` },
  );
  using client = new AskedClient<EarlyQuestion, EarlyFinding>(lab.client.spawn, runtime, program);
  const waiting = {
    target: { ...target, port: WAITING_PORT },
    caCert: certificates().ca,
    idle: IDLE,
  };
  const at = { early: [] as number[], late: [] as number[] };
  for (let round = 0; round < WAITS; round++) {
    showProgress(`${runtime}, waiting server: ${round} of ${WAITS}`);
    await client.ask(waiting); // For the ticket.
    const late = await answerDelay(() => client.ask(waiting), false);
    const early = await answerDelay(() => client.ask({ ...waiting, early: "hello" }), true);
    if (late !== undefined) at.late.push(late);
    if (early !== undefined) at.early.push(early);
  }
  return { runtime, ...at };
}

const series: Series[] = [];
const waits: Waiting[] = [];
for (const runtime of runtimes) {
  series.push(...await gatherAll(runtime));
  waits.push(await wait(runtime));
}
showProgress();
console.log(report(series, waits));
