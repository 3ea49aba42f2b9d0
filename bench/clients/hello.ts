/**
 * A client that makes one full handshake per question. The question names the way and the target.
 *
 * @module
 */

import { answerAll } from "./answers.ts";
import { ways } from "./hello/ways.ts";
import type { Observation, Target } from "./latency/way.ts";

/** A question: one connection. */
export interface HelloQuestion {
  readonly way: string;
  readonly target: Target;
}

await answerAll<HelloQuestion, Observation>(({ way, target }) => ways[way]!(target));
