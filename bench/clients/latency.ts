/**
 * A client that connects when it is told to. Each question names a way; it answers with what it
 * observed:
 *
 *     latency.ts '{"hostname": "10.77.0.2", "port": 443}'
 *
 * It lives through the whole benchmark, as servers and browsers do, so that what is measured is
 * connections and not a compiler that warms up.
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
