/**
 * Evidence from Go's golang.org/x/sys/unix: constants that a program read from a platform's
 * headers.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Evidence, type Question, spelled } from "./entry.ts";

/** Answers from the constants that `files`, of the package in `folder`, list. */
export function goEvidence(folder: string, files: readonly string[]): Evidence {
  const listed = new Map<string, number>();
  for (const file of files) {
    const source = readFileSync(join(folder, file), "utf8");
    const pattern = /^\s+(\w+)\s+= (?:syscall\.Errno\()?(-?0x[\da-f]+|-?\d+)\)?$/gm;
    for (const [, name = "", value] of source.matchAll(pattern)) listed.set(name, Number(value));
  }
  return {
    name: "Go's x/sys/unix",
    answer(questions) {
      const answers = new Map<Question, string>();
      for (const question of questions) {
        if ("constant" in question) {
          // Go lists the kernel's TCP states under their BPF names. The kernel asserts that they
          // are equal.
          const { constant } = question;
          const value = listed.get(constant) ?? listed.get(`BPF_${constant}`);
          if (value !== undefined) answers.set(question, spelled.number(value));
        } else if ("absentMacro" in question) {
          const present = listed.has(question.absentMacro);
          answers.set(question, present ? spelled.present : spelled.absent);
        }
      }
      return answers;
    },
  };
}
