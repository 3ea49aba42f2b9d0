/**
 * What is learned of first flights that were turned down although the connection stands.
 *
 * @module
 */

import type { Refusal } from "../../tcp/dial/first_flight.ts";
import { refusedParts } from "../warnings.ts";
import { knownServer } from "./known_servers.ts";
import { expectedWithin } from "./thinking_time.ts";
import type { Hello } from "./hello.ts";
import type { Plan } from "./plan.ts";
import { retryUnanswered } from "./retry.ts";
import type { SpecialPart } from "./special.ts";

const WORDS = {
  reset: "the connection was reset after the first flight",
  close: "the connection was closed after the first flight",
  silence: "the first flight was received, and not answered",
} as const satisfies Record<Refusal["by"], string>;

/** What an attempt may have been turned down for: what it had, and the winner has not. */
export function refusedIn(
  hello: Hello,
  { carried, inSyn }: Refusal,
  taken: readonly SpecialPart[] = [],
): readonly SpecialPart[] {
  const parts = hello.specialParts(carried).filter((part) => !taken.includes(part));
  // The hello is blamed first: it is the server's, and a path serves many.
  if (parts.length === 0 && inSyn) parts.push(hello.isLarge ? "large hello" : "data in the SYN");
  return parts;
}

/** Learns that an attempt was turned down for `parts`, while one without them has led to a connection. */
export function learnRefusal(
  { allowance, warnings }: Plan,
  parts: readonly SpecialPart[],
  by: Refusal["by"],
): void {
  if (parts.length === 0) return;
  allowance?.noteRefused(parts, by);
  warnings.push(refusedParts(parts, WORDS[by]));
}

/**
 * Learns that a handshake whose hello had `parts` was given up. Nothing had come `since`; if that is
 * longer than this server may need, the next call goes without.
 */
export function learnGivenUp(
  { allowance, config }: Plan,
  parts: readonly SpecialPart[],
  since: number,
): void {
  const silentFor = performance.now() - since;
  if (silentFor > expectedWithin(knownServer(config))) allowance?.noteIgnored(parts);
}

/**
 * Learns that a connection has failed without an answer to its early data. It is too late for this
 * one, but the next one knows.
 */
export function learnUnanswered({ allowance }: Plan, error: unknown): void {
  const retry = retryUnanswered(error);
  if (retry) allowance?.noteRefused(retry.refused, retry.by);
}
