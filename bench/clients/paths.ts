/**
 * A client that connects to whatever it is told to, without tickets and so without early data, and
 * forgets what it has learned of paths when it is told to.
 *
 * @module
 */

import { pathMemory } from "../../mod.ts";
import { answerAll } from "./answers.ts";
import { observe } from "./latency/firstflight.ts";
import type { Observation, Target } from "./latency/way.ts";

/** One connection. */
export interface PathsConnection {
  readonly target: Target;
  readonly fastOpen: boolean;
  /** Milliseconds for all of it. */
  readonly timeout: number;
}

/** What to do. */
export type PathsQuestion = "forget" | PathsConnection;

await answerAll<PathsQuestion, Observation | null>(async (question) => {
  if (question !== "forget") return await observe(question.target, question);
  pathMemory.clear();
  return null;
});
