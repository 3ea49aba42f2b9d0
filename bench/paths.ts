/**
 * How firstflight, curl and gnutls-cli cope with bad paths and with bad hosts, in one run:
 *
 *     npm run bench:paths -- --conditions clean,drop-syn-data --runtimes deno --repeat 5
 *
 * It runs on the emulated network, with a round trip of 35 ms, against Debian's nginx. Each client
 * first learns the path while it is good: its kernel gets a cookie, its process the round trip.
 * Then the path turns bad, and the client connects for the first time and again. Connections
 * without Fast Open take turns with these, so that other work of the machine affects both.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { QueueFiller, startSilentServer } from "../tests/netlab/mod.ts";
import { nameAddresses } from "../tests/peers/hosts.ts";
import type { Observation, Target } from "./clients/latency/way.ts";
import type { PathsQuestion } from "./clients/paths.ts";
import { AskedClient } from "./harness/asked_client.ts";
import { parseChoice } from "./harness/choice.ts";
import { exitOnSignals } from "./harness/client.ts";
import { commands } from "./harness/commands.ts";
import { PORT, RTT, startNetwork, startServer } from "./harness/network.ts";
import { showProgress } from "./harness/progress.ts";
import { parseRuntimes, runtimeNames } from "./harness/runtimes.ts";
import {
  type Condition,
  conditions,
  FAST_OPEN,
  LATER,
  SILENT,
  type Stage,
  TIMEOUT,
} from "./paths_conditions.ts";
import { type Measurement, report, type Series } from "./paths_report.ts";
import { type Client, sequence } from "./paths_sequence.ts";

/** Connections of each client that are not counted: compilers warm up. */
const WARM_UP = 5;
/**
 * From this seed on, nine connections in a row lose the right share of their first dozen packets.
 */
const FIRST_SEED = 122;
const COMMANDS = ["curl --tcp-fastopen", "gnutls-cli --fastopen"];

const names = conditions.map(({ name }) => name);
const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    repeat: { type: "string", default: "3" },
    runtimes: { type: "string", default: runtimeNames.join(",") },
    conditions: { type: "string", default: names.join(",") },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  console.log(`Usage: bench/paths.ts [options]

  --repeat N          first contacts of each client with each condition (default 3)
  --runtimes LIST     of deno,bun,node (default all)
  --conditions LIST   of ${names.join(",")} (default all)
  --json              print everything as JSON`);
  process.exit(0);
}

/**
 * The seeds of each sequence. Where a condition depends on chance, each seed takes each place once,
 * so that first contacts have the same luck as later ones.
 */
function luckOf({ chance, later = LATER }: Condition, round: number): number[][] {
  const places = Array.from({ length: later + 1 }, (_, place) => place);
  const turns = chance ? places : [0];
  return turns.map((turn) =>
    places.map((place) => FIRST_SEED + round * places.length + (place + turn) % places.length)
  );
}

const isTimeout = ({ took = 0 }: Measurement): boolean => took >= TIMEOUT;

exitOnSignals();
const runtimes = parseRuntimes(options.runtimes);
const chosen = parseChoice(options.conditions, "condition", names);
const wanted = conditions.filter(({ name }) => chosen.includes(name));
await using lab = await startNetwork(FAST_OPEN);
const live: Target = { hostname: lab.server.ipv4, port: PORT };
await lab.client.addAddress("2001:db8:77::1");
await lab.server.addAddress(SILENT);
const targetOf = ({ name, addresses }: Condition): Target =>
  addresses ? { hostname: `${name}.firstflight.test`, port: PORT } : live;
const named = wanted.filter(({ addresses }) => addresses !== undefined);
using _names = nameAddresses(
  lab.client,
  Object.fromEntries(named.map((condition) => [
    targetOf(condition).hostname,
    condition.addresses!(live.hostname),
  ])),
);
await using nginx = await startServer(lab, { listen: "backlog=16" }); // Few connections fill it.
await startSilentServer(lab.server, SILENT, PORT);
using filler = new QueueFiller(lab.server, live.hostname, PORT);
const stage: Stage = { lab, nginx, filler };
using stack = new DisposableStack();

const program = new URL("./clients/paths.ts", import.meta.url);
const clients = [
  ...runtimes.map((runtime): Client => {
    const client = stack.use(
      new AskedClient<PathsQuestion, Observation>(lab.client.spawn, runtime, program),
    );
    return {
      name: runtime,
      ours: true,
      forget: () => client.ask("forget"),
      connect: (target, fastOpen, timeout) => client.ask({ target, fastOpen, timeout }),
    };
  }),
  ...COMMANDS.map((name): Client => ({
    name,
    ours: false,
    forget: () => Promise.resolve(),
    connect: (target, _fastOpen, timeout) =>
      commands[name]!(lab.client, target, { folder: nginx.folder, timeout }),
  })),
];

const series: Series[] = wanted.flatMap((condition) =>
  clients.map(({ name, ours }) => ({ condition, client: name, ours, contacts: {} }))
);

for (const client of clients.filter(({ ours }) => ours)) {
  for (let i = 0; i < WARM_UP; i++) {
    await client.connect(live, true, TIMEOUT);
    await client.connect(live, false, TIMEOUT);
  }
  // The key share that a server picks is remembered per name, so each name needs a connection.
  for (const condition of named) {
    const addresses = condition.addresses!(live.hostname);
    if (addresses.includes(live.hostname)) {
      await client.connect(targetOf(condition), false, TIMEOUT);
    }
  }
}
for (let round = 0; round < Number(options.repeat); round++) {
  for (const condition of wanted.filter(({ once }) => round === 0 || !once)) {
    const target = targetOf(condition);
    for (const seeds of luckOf(condition, round)) {
      for (const client of clients) {
        const name = `round ${round + 1} of ${options.repeat}`;
        showProgress(`${name}: ${condition.title}, ${client.name}`);
        const { contacts } = series.find((each) =>
          each.condition === condition && each.client === client.name
        )!;
        // A command starts anew each time, so it has first contacts only. After a timeout it is
        // left out.
        if (!client.ours && contacts.first?.some(isTimeout)) continue;
        const used = client.ours ? seeds : seeds.slice(0, 1);
        const made = await sequence(client, condition, { live, target }, stage, used);
        for (const [contact, measurement] of made) (contacts[contact] ??= []).push(measurement);
      }
    }
  }
}
showProgress();
if (options.json) console.log(JSON.stringify({ rtt: RTT, series }, null, 2));
else console.log(report(series, RTT));
