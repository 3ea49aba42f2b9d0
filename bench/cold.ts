/**
 * The first connection of a process that finds a Fast Open cookie in the kernel and a ticket in a
 * folder, in one run with the same process without the one or the other, and with curl:
 *
 *     npm run bench:cold -- --repeat 15 --runtimes deno,bun --json
 *
 * On the emulated network, 35 ms of round trip, against Debian's nginx. Every measurement is a process
 * of its own; they take turns, so that what else the machine does hits all alike. Time counts from the
 * SYN, as the link saw it: how long a runtime takes to start is not up to firstflight, and told beside.
 * Early data of several sizes follow, each of which nginx must have kept as it was sent. Before all
 * that, what the import of the package costs; `--imports` measures nothing else, and needs no network:
 *
 *     npm run bench:cold -- --imports --beside ../other/dist/mod.js
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { monotonicNow } from "../tests/netlab/clock.ts";
import { temporaryFolder } from "../tests/peers/folder.ts";
import type { ColdTask } from "./clients/cold.ts";
import { bodyOf, type Upload } from "./clients/upload.ts";
import { measureImports } from "./cold_imports.ts";
import { ColdOrigin } from "./cold_origin.ts";
import {
  EARLY,
  fits,
  type Measurement,
  report,
  reportImports,
  type Series,
} from "./cold_report.ts";
import { exitOnSignals, run } from "./harness/client.ts";
import { type CommandObservation, commands } from "./harness/commands.ts";
import { objectionTo, witness } from "./harness/evidence.ts";
import { kinds } from "./harness/kinds.ts";
import { PORT, RTT, startNetwork } from "./harness/network.ts";
import { showProgress } from "./harness/progress.ts";
import { commandFor, parseRuntimes, type RuntimeName, runtimeNames } from "./harness/runtimes.ts";

/** Milliseconds for one connection by a command. */
const TIMEOUT = 5000;
/** Processes of each kind before those that are counted: they leave cookies and tickets. */
const WARM_UP = 1;
const COMMANDS = ["curl --tcp-fastopen"];
/** Bytes of early data. nginx's tickets are good for 16,384. */
const SIZES = [200, 1_300, 14_000, 100_000];

const { values: options } = parseArgs({
  options: {
    beside: { type: "string", multiple: true, default: [] },
    imports: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    repeat: { type: "string", default: "15" },
    runtimes: { type: "string", default: runtimeNames.join(",") },
    help: { type: "boolean", default: false },
  },
});

if (options.help) {
  console.log(`Usage: bench/cold.ts [options]

  --repeat N        processes of each kind (default 15)
  --runtimes LIST   of deno,bun,node (default all)
  --imports         only what the import of the package costs
  --beside FILE     another build's module to import in turn; may be repeated
  --json            print everything as JSON`);
  process.exit(0);
}

/** A series, and how one of its processes connects. */
interface Planned extends Series {
  readonly connect: (upload: Upload | undefined) => Promise<CommandObservation>;
}

exitOnSignals();
const runtimes = parseRuntimes(options.runtimes);
const imports = await measureImports({
  runtimes,
  repeat: Number(options.repeat),
  beside: options.beside,
});
if (options.imports) {
  console.log(options.json ? JSON.stringify({ imports }, null, 2) : reportImports(imports));
  process.exit(0);
}

await using lab = await startNetwork();
const target = { hostname: lab.server.ipv4, port: PORT };
await using origin = await ColdOrigin.start(lab);
using sessions = temporaryFolder();

const program = new URL("./clients/cold.ts", import.meta.url);

function firstflight(runtime: RuntimeName, way: string, size?: number): Planned {
  const { fastOpen, early } = kinds[way]!;
  const connect = async (upload: Upload | undefined): Promise<CommandObservation> => {
    const task: ColdTask = {
      target,
      fastOpen,
      ...(early ? { sessions: sessions.path(runtime) } : {}),
      ...(upload ? { upload } : {}),
    };
    const command = commandFor(runtime, program, JSON.stringify(task));
    return JSON.parse(await run(lab.client.spawn, command));
  };
  return { runtime, way, size, measurements: [], connect };
}

function other(way: string): Planned {
  const { folder } = origin;
  const connect = () => commands[way]!(lab.client, target, { folder, timeout: TIMEOUT });
  return { runtime: "", way, size: undefined, measurements: [], connect };
}

/** One process. */
async function measure(series: Planned, round: number): Promise<Measurement> {
  const { runtime, way, size } = series;
  const kind = kinds[way];
  const upload = size === undefined
    ? undefined
    : { path: `/upload/${runtime}-${size}-${round}`, size };
  let startedAt = NaN;
  const evidence = await witness(lab, () => {
    startedAt = monotonicNow();
    return series.connect(upload);
  });
  const { answeredAt = NaN, flow } = evidence;
  const requests = origin.takeRequests();
  const seen = requests.map(({ path, early }) => `${path}${early && ", early"}`).join("; ");
  const asked = upload?.path ?? (runtime === "" ? "/close" : "/");
  const expected = `${asked}${kind?.early ? ", early" : ""}`;
  return {
    ...evidence,
    sinceSyn: answeredAt - (flow?.at ?? NaN),
    sinceStart: answeredAt - startedAt,
    intact: upload && requests.length === 1 && origin.keeps(upload.path, bodyOf(upload)),
    objection: objectionTo(evidence, kind, { whole: way === EARLY && fits(size) }) ??
      (seen === expected ? undefined : `nginx saw "${seen}"`),
  };
}

const plan: Planned[] = [
  ...runtimes.flatMap((runtime) => Object.keys(kinds).map((way) => firstflight(runtime, way))),
  ...COMMANDS.map(other),
  ...runtimes.flatMap((runtime) => SIZES.map((size) => firstflight(runtime, EARLY, size))),
];
for (let round = -WARM_UP; round < Number(options.repeat); round++) {
  for (const series of plan) {
    const name = round < 0 ? "warming up" : `round ${round + 1} of ${options.repeat}`;
    showProgress(`${name}: ${series.runtime} ${series.way} ${series.size ?? ""}`);
    const measurement = await measure(series, round);
    if (round >= 0) series.measurements.push(measurement);
  }
}
showProgress();
if (options.json) console.log(JSON.stringify({ rtt: RTT, imports, series: plan }, null, 2));
else console.log(`${reportImports(imports)}\n\n${report(plan, RTT)}`);
