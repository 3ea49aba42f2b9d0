/**
 * A table of what was proved.
 *
 * @module
 */

import type { Question } from "./entry.ts";
import type { Verdict } from "./judge.ts";

/** The columns of the table, each with the kinds of questions that it counts. */
const columns = {
  constants: ["constant"],
  sizes: ["sizeOf", "endOf"],
  offsets: ["offsetOf", "placeOf", "bitsOf"],
  signatures: ["signatureOf"],
  comments: ["declaration"],
  exported: ["exported"],
  absent: ["absentMacro", "absentFunction"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** The table's first line. */
export function heading(): string {
  return row("", Object.keys(columns));
}

/** A target's line: how many declarations of each kind hold. */
export function lineOf(name: string, verdicts: readonly Verdict[]): string {
  return row(
    name,
    Object.values(columns).map((asked) => {
      const some = verdicts.filter(({ entry }) => isAsked(entry.question, asked));
      const good = some.filter(({ objection }) => objection === undefined).length;
      if (some.length === 0) return "–";
      return good === some.length ? String(good) : `${good}/${some.length}`;
    }),
  );
}

function isAsked(question: Question, names: readonly string[]): boolean {
  return names.some((name) => name in question);
}

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(30) + cells.map((cell) => cell.padStart(12)).join("");
}
