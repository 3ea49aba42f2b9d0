/**
 * How long an attempt may stay unanswered before another one starts.
 *
 * @module
 */

import type { Attempt } from "./attempt.ts";
import { formatAddress, networkOf } from "../name/address.ts";
import type { Way } from "../paths/advice.ts";
import { roundTrip } from "../paths/paths.ts";

/** Milliseconds to wait for an answer over a path never used before (RFC 8305, section 8). */
const PATIENCE = 250;

/**
 * Over a known path an answer is overdue after two round trips. The shortest wait allows for a busy
 * machine at either end. The longest is the kernel's own: it resends a plain SYN after a second.
 */
const PATIENCE_ROUND_TRIPS = 2;
const SHORTEST_PATIENCE = 20;
const LONGEST_PATIENCE = 1000;

/** The least time, in milliseconds, after which Linux sends lost data again. */
const RESENT_AFTER = 200;

/** Milliseconds within which data that were lost once have arrived the second time. */
export function patienceForResent(runner: { way: Way; attempt: Attempt }): number {
  return RESENT_AFTER + patienceWith(runner);
}

/** Milliseconds within which an attempt should be answered. */
export function patienceWith({ way, attempt }: { way: Way; attempt: Attempt }): number {
  const local = attempt.opened.localAddress();
  const rtt = local && roundTrip(formatAddress(way.address), networkOf(local));
  if (rtt === undefined) return PATIENCE;
  return Math.min(Math.max(PATIENCE_ROUND_TRIPS * rtt, SHORTEST_PATIENCE), LONGEST_PATIENCE);
}
