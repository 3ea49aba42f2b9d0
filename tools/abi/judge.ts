/**
 * Decides whether declarations are proved.
 *
 * @module
 */

import type { Entry, Evidence, Question, Target } from "./entry.ts";

/** An entry, and what is wrong with it. */
export interface Verdict {
  readonly entry: Entry;
  /** Absent when there is at least one answer, and all answers agree with the declaration. */
  readonly objection?: string;
}

/** Asks all evidence about all entries. */
export function judge({ entries, evidence }: Target): Verdict[] {
  const questions = entries.map(({ question }) => question);
  const answers = evidence.map((each) => ({ by: each, answer: each.answer(questions) }));
  return entries.map((entry) => {
    const objection = objectionTo(entry, answers);
    return { entry, ...(objection === undefined ? {} : { objection }) };
  });
}

function objectionTo(
  { question, declared }: Entry,
  answers: readonly { by: Evidence; answer: ReadonlyMap<Question, string> }[],
): string | undefined {
  const given = answers.flatMap(({ by, answer }) => {
    const found = answer.get(question);
    return found === undefined ? [] : [{ by, found }];
  });
  if (given.length === 0) return "nobody knows";
  const other = given.find(({ found }) => found !== declared);
  return other && `ffi/ says ${declared}, ${other.by.name}: ${other.found}`;
}
