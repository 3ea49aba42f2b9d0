/**
 * Evidence from Zig's compiler, which lists the functions that the C libraries export.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { type Evidence, type Question, spelled } from "./entry.ts";

/** Answers whether `file` lists a function, with `prefix` before its C name. */
export function libraryEvidence(name: string, file: string, prefix: string): Evidence {
  const listed = readFileSync(file, "latin1");
  return {
    name,
    answer(questions) {
      const answers = new Map<Question, string>();
      for (const question of questions) {
        if (!("exported" in question)) continue;
        // No character of a name may stand beside a match, so that only whole names match.
        const symbol = new RegExp(`(?<![\\w$])${prefix}${question.exported}(?![\\w$])`);
        answers.set(question, symbol.test(listed) ? spelled.exported : spelled.notExported);
      }
      return answers;
    },
  };
}
