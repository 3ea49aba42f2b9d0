/**
 * Asks a rule about early data. A rule that has no answer is a mistake of its author.
 *
 * @module
 */

import type { EarlyDataRule } from "../../base/early_data_rule.ts";
import { OptionError } from "../../base/errors.ts";
import { badOption } from "../../base/option_errors.ts";
import type { Peer } from "../../tcp/wire/ends.ts";

/** How much of a first write may ride. */
export function bytesThatMayRide(
  rule: EarlyDataRule | undefined,
  first: Uint8Array,
  peer: Peer,
): number {
  // A copy: what is sent is what was judged.
  const answer = ask(
    "mayRide",
    () => rule?.mayRide(new Uint8Array(first)),
    "nothing was sent",
    peer,
  );
  if (Number.isInteger(answer) && Number(answer) >= 0 && Number(answer) <= first.length) {
    return Number(answer);
  }
  const expectation = `a rule whose mayRide() answers 0 to first.length (${first.length})`;
  throw badOption("earlyData", expectation, answer, destinationOf(peer));
}

/** Whether the answer asks for the early data once more; `undefined` while that is not known. */
export function asksAgain(
  rule: EarlyDataRule,
  answer: Uint8Array,
  peer: Peer,
): boolean | undefined {
  const effect = "the answer was not handed on";
  const verdict = ask("asksAgain", () => rule.asksAgain?.(answer), effect, peer);
  if (verdict === undefined || typeof verdict === "boolean") return verdict;
  const expectation = "a rule whose asksAgain() answers true, false or undefined";
  throw badOption("earlyData", expectation, verdict, destinationOf(peer));
}

function ask(name: keyof EarlyDataRule, call: () => unknown, effect: string, peer: Peer): unknown {
  try {
    return call();
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    const message = `Option "earlyData": ${name}() threw ${what}; ${effect}`;
    throw new OptionError("earlyData", message, { ...destinationOf(peer), cause });
  }
}

function destinationOf({ hostname, port }: Peer): Peer {
  return { hostname, port };
}
