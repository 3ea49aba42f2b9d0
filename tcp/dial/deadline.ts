/**
 * One deadline for all stages of making a connection.
 *
 * @module
 */

import { clearTimeout, setTimeout } from "node:timers";
import { quoted } from "../../base/authority.ts";
import { type AttemptFailure, ConnectError, listOf } from "../errors.ts";
import type { Destination } from "../options.ts";
import type { Kept } from "../wire/keep.ts";

/** The deadline as the stages of making a connection see it. */
export interface Deadline {
  /** Aborts when the caller aborts, or when the time is up. */
  readonly signal: AbortSignal;
  /** The current stage, for the message: "the name was still being looked up". */
  stage: string | undefined;
}

/** The reason with which a deadline aborts. Its class distinguishes it from the caller's reason. */
export class TimeUp extends Error {
  /** The attempts until then, and how each one ended. */
  attempts: readonly AttemptFailure[] = [];
}

/**
 * Runs `work` under the caller's signal and time-out.
 *
 * @throws {ConnectError} `TIMED_OUT` when the time is up; the signal's reason when it aborts
 */
export async function withDeadline<T>(
  { hostname, port, signal: given, connectTimeout, keep }: Destination & Kept,
  work: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  const timeUp = new AbortController();
  const timer = setTimeout(() => timeUp.abort(new TimeUp()), connectTimeout);
  const letGo = keep?.add(timer);
  const signal = given ? AbortSignal.any([given, timeUp.signal]) : timeUp.signal;
  const deadline: Deadline = { signal, stage: undefined };
  try {
    return await work(deadline);
  } catch (error) {
    if (!(error instanceof TimeUp)) throw error;
    const stage = deadline.stage === undefined ? "" : `: ${deadline.stage}`;
    throw new ConnectError(
      "TIMED_OUT",
      `Could not connect to ${quoted({ hostname, port })} within ${connectTimeout} ms${stage}` +
        listOf(error.attempts),
      { hostname, port, attempts: error.attempts },
    );
  } finally {
    clearTimeout(timer);
    letGo?.();
  }
}

/** Rejects with the signal's reason as soon as it aborts, whatever `promise` does. */
export function rejectOnAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => {}); // A later rejection must not be unhandled.
    return Promise.reject(signal.reason);
  }
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  return Promise.race([promise, aborted]).finally(() => {
    signal.removeEventListener("abort", onAbort);
  });
}
