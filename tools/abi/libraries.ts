/**
 * Evidence from the lists, in Zig's compiler, of what the C libraries export.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { type Evidence, type Question, spelled } from "./entry.ts";

/** Answers whether a function is listed in `file`, with `prefix` before its C name. */
export function libraryEvidence(name: string, file: string, prefix: string): Evidence {
  const listed = readFileSync(file, "latin1");
  return {
    name,
    answer(questions) {
      const answers = new Map<Question, string>();
      for (const question of questions) {
        if (!("exported" in question)) continue;
        // The neighbours of a whole name are no characters of names.
        const symbol = new RegExp(`(?<![\\w$])${prefix}${question.exported}(?![\\w$])`);
        answers.set(question, symbol.test(listed) ? spelled.exported : spelled.notExported);
      }
      return answers;
    },
  };
}
