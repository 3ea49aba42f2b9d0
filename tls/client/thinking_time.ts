/**
 * How long servers think before they answer, and when silence means that they never will.
 *
 * A server that is slow must not get a second connection because of it: it may serve one at a time.
 * So what it took before counts.
 *
 * @module
 */

import type { ThinkingTime } from "../../tcp/dial/first_flight.ts";
import type { Link } from "../../tcp/dial/race.ts";
import type { EnginePeer } from "../engine/contract.ts";
import { knownServer, learnServer, type ServerFacts } from "./known_servers.ts";
import type { SpecialPart } from "./special.ts";

/** How much longer than before a server may think. */
const FACTOR = 4;

/**
 * Milliseconds that every known server may think, because a quick one may be busy for once. A second
 * connection would be more work for it, and might bring it the early data twice.
 */
const LEAST = 750;

/** Milliseconds that a stranger may think. */
const OF_STRANGERS = 1000;

/** Likewise, where there is hardly a reason to doubt: nothing but the hello's size is special. */
const OF_USUAL_STRANGERS = 5000;

/** Milliseconds of silence within a handshake after which it counts as failed, at least. */
const LEAST_SILENCE = 1000;

/** How much of the longest time is still expected after a shorter one. */
const DECAY = 3 / 4;

/** Learns how long a server took for its first byte, beside the round trips. */
export function learnThinkingTime(peer: EnginePeer, { openedAt, provedAt, facts }: Link): void {
  const { rtt = 0, outcome } = facts.fastOpen;
  const roundTrips = outcome === "accepted" ? rtt : 2 * rtt;
  const took = Math.max(0, provedAt - openedAt - roundTrips);
  const { thinkingTime = 0 } = knownServer(peer);
  learnServer(peer, { thinkingTime: Math.max(took, DECAY * thinkingTime) });
}

/** Learns that a handshake took so long after its first byte. Round trips hardly count beside it. */
export function learnPause(peer: EnginePeer, took: number): void {
  if (took > expectedWithin(knownServer(peer))) learnServer(peer, { thinkingTime: took });
}

/** How long a server may think about a first flight with these special parts. */
export function thinkingTimeFor(
  parts: readonly SpecialPart[],
  server: ServerFacts,
): ThinkingTime {
  const { thinkingTime } = server;
  const expected = expectedWithin(server);
  if (thinkingTime !== undefined) {
    const known = Math.max(FACTOR * thinkingTime, LEAST);
    return { expected, beforeOthers: known, beforeOrdinary: known };
  }
  const isUsual = parts.every((part) => part === "large hello");
  return {
    expected,
    beforeOthers: OF_STRANGERS,
    beforeOrdinary: isUsual ? OF_USUAL_STRANGERS : OF_STRANGERS,
  };
}

/** Milliseconds, beside the round trip, after which something from a server is overdue. */
export function expectedWithin({ thinkingTime = 0 }: ServerFacts): number {
  return Math.max(thinkingTime, LEAST);
}

/** How long a server may be silent within a handshake, if it took `answered` for its first byte. */
export function longestSilence(answered: number, { thinkingTime = 0 }: ServerFacts): number {
  return Math.max(FACTOR * answered, FACTOR * thinkingTime, LEAST_SILENCE);
}
