/**
 * What it costs when a first flight is turned down, at the connection that finds out and at the next:
 *
 *     npm run bench:refusals -- --repeat 5 --runtimes deno,bun,node
 *
 * On the emulated network, 35 ms of round trip, against Debian's nginx, through a middlebox that minds
 * tickets, early data or lean hellos. Plain connections, without Fast Open and tickets, take turns.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import type { Middlebox } from "../tests/netlab/mod.ts";
import type { RefusalsQuestion } from "./clients/refusals.ts";
import type { Observation } from "./clients/latency/way.ts";
import { AskedClient } from "./harness/asked_client.ts";
import { exitOnSignals } from "./harness/client.ts";
import { PORT, RTT, startNetwork, startServer } from "./harness/network.ts";
import { showProgress } from "./harness/progress.ts";
import { parseRuntimes, type RuntimeName, runtimeNames } from "./harness/runtimes.ts";
import { median } from "./harness/statistics.ts";
import { drawTable, drawVerdict } from "./harness/table.ts";

type MindHello = Extract<Middlebox, { kind: "mind-hello" }>;

/** Milliseconds that a server may think at least before its silence is a refusal. */
const THINKING = 750;
/** Milliseconds of silence within a handshake. */
const SILENCE = 1_000;

interface Special {
  readonly minds: MindHello["minds"];
  readonly withTickets: boolean;
  /** Small segments, and a long list of protocols, make a hello lean. */
  readonly isLean?: true;
}

const specials: readonly Special[] = [
  { minds: "ticket", withTickets: true },
  { minds: "early-data", withTickets: true },
  { minds: "no-session-id", withTickets: false, isLean: true },
];

const refusals: readonly Pick<MindHello, "by" | "when">[] = [
  { by: "reset" },
  { by: "close" },
  { by: "alert" },
  { by: "silence" },
  { by: "silence", when: "first-record" },
];

const { values: options } = parseArgs({
  options: {
    repeat: { type: "string", default: "5" },
    runtimes: { type: "string", default: runtimeNames.join(",") },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  console.log(`Usage: bench/refusals.ts [options]

  --repeat N        refusals of each kind (default 5)
  --runtimes LIST   of deno,bun,node (default all)`);
  process.exit(0);
}

exitOnSignals();
const repeat = Number(options.repeat);
await using lab = await startNetwork();
await using _nginx = await startServer(lab);
const target = { hostname: lab.server.ipv4, port: PORT };

/** How much later than a plain connection's the first byte of the response may come. */
function allowance({ by, when }: typeof refusals[number]): number {
  const wait = by !== "silence" ? 0 : when === "first-record" ? SILENCE : THINKING + 2 * RTT;
  return 3 * RTT + wait;
}

async function measure(
  client: AskedClient<RefusalsQuestion, Observation>,
  { minds, withTickets, isLean }: Special,
  refusal: typeof refusals[number],
): Promise<Readonly<Record<"plain" | "first" | "later", number[]>>> {
  const always: Middlebox[] = isLean ? [{ kind: "clamp-mss", mss: 536 }] : [];
  const tls = isLean ? { alpnProtocols: ["x".repeat(244), "http/1.1"] } : {};
  const ask = async (isPlain = false) =>
    (await client.ask({ target, isPlain, withTickets, tls })).firstByte;
  const times = { plain: [] as number[], first: [] as number[], later: [] as number[] };
  for (let round = 0; round < repeat; round++) {
    await lab.setMiddleboxes(always);
    await client.ask("forget");
    for (let contact = 0; contact < 2; contact++) await ask();
    await lab.setMiddleboxes([...always, { kind: "mind-hello", minds, ...refusal }]);
    times.plain.push(await ask(true));
    times.first.push(await ask());
    times.later.push(await ask());
  }
  return times;
}

const rows = [["", "plain", "RTT", "first", "RTT", "later", "RTT"]];
const verdicts: string[] = [];
const program = new URL("./clients/refusals.ts", import.meta.url);

async function run(runtime: RuntimeName): Promise<void> {
  using client = new AskedClient<RefusalsQuestion, Observation>(lab.client.spawn, runtime, program);
  for (const special of specials) {
    for (const refusal of refusals) {
      const { by, when } = refusal;
      const what = `${runtime}, ${special.minds}: ${by}${when ? ` after the first record` : ""}`;
      showProgress(what);
      const times = await measure(client, special, refusal);
      const [plain, first, later] = [times.plain, times.first, times.later].map(median) as [
        number,
        number,
        number,
      ];
      const cells = [plain, first, later].flatMap((ms) => [ms.toFixed(0), (ms / RTT).toFixed(2)]);
      rows.push([what, ...cells]);
      const most = plain + allowance(refusal);
      const met = first <= most && later <= 1.1 * plain;
      verdicts.push(drawVerdict(
        met,
        `${what}: first ${first.toFixed(0)} ms, at most ${most.toFixed(0)}; ` +
          `later ${later.toFixed(0)} ms, at most ${(1.1 * plain).toFixed(0)}`,
      ));
    }
  }
}

for (const runtime of parseRuntimes(options.runtimes)) await run(runtime);
showProgress();
console.log(
  `From the call to the response's first byte, in ms and in round trips of ${RTT} ms; medians of ` +
    `${repeat}.\n`,
);
console.log(drawTable(rows));
console.log();
console.log(verdicts.join("\n"));
