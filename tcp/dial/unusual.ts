/**
 * Attempts that carry something unusual, and what their silence means.
 *
 * @module
 */

import type { FirstFlight, Refusal, ThinkingTime } from "./first_flight.ts";
import { patienceWith } from "./patience.ts";
import { refusalOf, type Runner } from "./runner.ts";

/** How long a host may think of which nothing is known. */
const THINKING_TIME: ThinkingTime = { expected: 250, beforeOthers: 1000, beforeOrdinary: 1000 };

/** How long a host may think about a flight. */
export function thinkingTimeOf({ thinkingTime = THINKING_TIME }: FirstFlight): ThinkingTime {
  return thinkingTime;
}

/** Whether anything in what the peer got may be the reason why it turns it down. */
export function isUnusual({ carries, attempt: { opened } }: Runner, flight: FirstFlight): boolean {
  const isOrdinary = carries === "ordinary" || flight.ordinary === undefined;
  return !isOrdinary || opened.synBytes > 0;
}

/** An unusual flight whose answer is overdue, if nothing more usual has been ignored, too. */
export function ignoredAmong(
  runners: ReadonlySet<Runner>,
  flight: FirstFlight,
): Refusal | undefined {
  const now = performance.now();
  const { expected } = thinkingTimeOf(flight);
  const [first, ...others] = [...runners].filter((runner) =>
    now - runner.openedAt > patienceWith(runner) + expected && runner.attempt.opened.established()
  );
  const areAllUnusual = first && [first, ...others].every((runner) => isUnusual(runner, flight));
  return areAllUnusual ? refusalOf(first, "silence") : undefined;
}
