/**
 * A client that makes a full handshake whenever it is told to, in the way and with the address that it
 * is told.
 *
 * @module
 */

import { answerAll } from "./answers.ts";
import { ways } from "./hello/ways.ts";
import type { Observation, Target } from "./latency/way.ts";

/** One connection. */
export interface HelloQuestion {
  readonly way: string;
  readonly target: Target;
}

await answerAll<HelloQuestion, Observation>(({ way, target }) => ways[way]!(target));
