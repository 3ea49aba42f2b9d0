/**
 * Shows what data in the SYN saves: the same request over three kinds of connection, from each
 * runtime, on a network with a known round trip.
 *
 *     npm run demo
 *
 * @module
 */

import process from "node:process";
import { type RuntimeName, runtimeNames } from "../bench/harness/runtimes.ts";
import { fastOpenSupport, type ListenerFastOpen } from "../mod.ts";
import { complaintsAbout } from "./complaints.ts";
import { Program } from "./program.ts";
import { drawHeading, drawRuntime, drawSummary } from "./report.ts";
import { runSeries, type Series } from "./series.ts";
import { setStage, type Stage } from "./stage.ts";
import { modes } from "./task.ts";

/** Milliseconds of a round trip. */
const RTT = 35;

/** This runtime answers fastest, and its OpenSSL agrees to a key share that fits into a SYN. */
const ORIGIN: RuntimeName = "deno";

const WARM_UP = 3;
const COUNTED = 20;

/** The origin's first line. */
interface OriginFacts {
  readonly port: number;
  readonly fastOpen: ListenerFastOpen;
}

/** Waits until a series' last packets have passed, before the next series is counted. */
const quiet = () => new Promise((resolve) => setTimeout(resolve, 3 * RTT));

/** Shows on a terminal what the demo is waiting for. */
function waitingFor(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(what === "" ? "\r\x1b[K" : `\r\x1b[K${what} …`);
}

async function measure(stage: Stage, runtime: RuntimeName, port: number): Promise<Series[]> {
  const config = JSON.stringify({ hostname: stage.address, port });
  const program = new URL("client.ts", import.meta.url);
  await using client = new Program(stage.client, runtime, program, config);
  // The first connection fetches the cookie, the first one with early data the ticket.
  waitingFor(`${runtime}: warming up`);
  for (const mode of modes) await client.ask({ mode, connections: WARM_UP });
  const series: Series[] = [];
  for (const mode of modes) {
    waitingFor(`${runtime}: ${COUNTED} connections, ${mode}`);
    await quiet();
    series.push(await runSeries(stage, client, { mode, connections: COUNTED }));
  }
  return series;
}

async function main(): Promise<boolean> {
  await using stage = await setStage(RTT);
  const program = new URL("origin.ts", import.meta.url);
  const { address } = stage;
  await using origin = new Program(stage.server, ORIGIN, program, address, String(stage.port));
  const { port, fastOpen: listening } = await origin.answer<OriginFacts>();
  // The emulated hosts have settings of their own. On loopback this machine's client side counts,
  // too.
  const support = fastOpenSupport();
  const fastOpen = stage.link || support.client ? listening : { ...support, enabled: false };
  console.log(drawHeading(stage, { origin: ORIGIN, fastOpen, warmUp: WARM_UP, counted: COUNTED }));

  const results = new Map<RuntimeName, readonly Series[]>();
  const complaints: string[] = [];
  for (const runtime of runtimeNames) {
    try {
      const series = await measure(stage, runtime, port).finally(() => waitingFor(""));
      results.set(runtime, series);
      console.log(drawRuntime(runtime, series, stage));
      complaints.push(...complaintsAbout(runtime, series, fastOpen.enabled));
    } catch (error) {
      complaints.push(`${runtime}: ${(error as Error).message}`);
    }
  }
  console.log(drawSummary(results, complaints, stage));
  return complaints.length === 0;
}

try {
  process.exitCode = await main() ? 0 : 1;
} catch (error) {
  console.error(`The demo failed: ${(error as Error).message}`);
  process.exitCode = 1;
}
