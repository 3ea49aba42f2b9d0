/**
 * A client that connects when it is told to. Each line it reads names a way; for each it prints what
 * it observed, or an error, as a line of JSON:
 *
 *     latency.ts '{"hostname": "10.77.0.2", "port": 443}'
 *
 * It lives through the whole benchmark, as servers and browsers do, so that what is measured is
 * connections and not a compiler that warms up.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { ways as firstflight } from "./latency/firstflight.ts";
import { ways as natives } from "./latency/natives.ts";
import type { Observation, Target } from "./latency/way.ts";

/** What a client answers. */
export type LatencyAnswer = Observation | { readonly error: string };

const target: Target = JSON.parse(process.argv[2] ?? "{}");
const ways = { ...firstflight, ...natives };

async function answer(way: string): Promise<LatencyAnswer> {
  try {
    return await ways[way]!(target);
  } catch (error) {
    return { error: `${way}: ${error instanceof Error ? error.stack : error}` };
  }
}

for await (const way of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(way))}\n`);
}
