/**
 * The same declarations, each with one mistake. A check that accepts a mistake checks nothing.
 *
 * @module
 */

import type { Entry, Target } from "./entry.ts";

/** `target` with a mistake in every entry. */
export function mutated(target: Target): Target {
  return { ...target, entries: target.entries.map(mistaken) };
}

function mistaken(entry: Entry): Entry {
  const { question, declared } = entry;
  if ("declaration" in question) {
    const parameters = question.declaration.slice(question.declaration.indexOf("("));
    const result = /^void \w/.test(question.declaration) ? "int" : "void";
    const declaration = `${result} ${question.of}${parameters}`;
    return { ...entry, question: { ...question, declaration } };
  }
  if ("signatureOf" in question) return { ...entry, declared: withOtherType(declared) };
  if ("exported" in question) {
    return { ...entry, question: { exported: `${question.exported}_` } };
  }
  if ("absentMacro" in question) return { ...entry, question: { absentMacro: "EINVAL" } };
  if ("absentFunction" in question) return { ...entry, question: { absentFunction: "connect" } };
  return { ...entry, declared: withOtherDigit(declared) };
}

/** Adds one to the last digit. */
function withOtherDigit(declared: string): string {
  return declared.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + 1) % 10));
}

/**
 * Replaces the last type by a neighbour: signed or unsigned, 64 bits or 32, a number or a pointer.
 */
function withOtherType(declared: string): string {
  const neighbours: Readonly<Record<string, string>> = {
    i32: "u32",
    u32: "i32",
    i64: "i32",
    u64: "u32",
    pointer: "u64",
    void: "i32",
  };
  return declared.replace(/\w+(?=\W*$)/, (type) => neighbours[type] ?? "");
}
