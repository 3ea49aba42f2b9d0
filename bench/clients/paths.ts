/**
 * A client that makes one connection per question, without tickets and so without early data. At
 * the question "forget" it clears its memory of paths.
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
  /** Milliseconds until the response must begin. */
  readonly timeout: number;
}

/** Whether to forget the paths, or the connection to make. */
export type PathsQuestion = "forget" | PathsConnection;

await answerAll<PathsQuestion, Observation | null>(async (question) => {
  if (question !== "forget") return await observe(question.target, question);
  pathMemory.clear();
  return null;
});
