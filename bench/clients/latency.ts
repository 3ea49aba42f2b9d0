/**
 * A client that makes one connection per question. The question names a way, the answer is the
 * observation:
 *
 *     latency.ts '{"hostname": "10.77.0.2", "port": 443}'
 *
 * The process lives through the whole benchmark, as servers and browsers do. So the benchmark
 * measures connections, not a compiler that warms up.
 *
 * @module
 */

import process from "node:process";
import { answerAll } from "./answers.ts";
import { ways as firstflight } from "./latency/firstflight.ts";
import { ways as natives } from "./latency/natives.ts";
import type { Observation, Target } from "./latency/way.ts";

const target: Target = JSON.parse(process.argv[2] ?? "{}");
const ways = { ...firstflight, ...natives };

await answerAll<string, Observation>((way) => ways[way]!(target));
