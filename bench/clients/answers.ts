/**
 * A client program's side of its dialogue with the benchmark. It reads questions from stdin and
 * writes findings to stdout, one line of JSON each.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";

/** A line of output: the finding, or the error that prevented one. */
export type Answer<Finding> = { readonly finding: Finding } | {
  readonly error: string;
  readonly code?: string | undefined;
};

/** Answers one question after the other until stdin ends. */
export async function answerAll<Question, Finding>(
  find: (question: Question) => Promise<Finding>,
): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = await answerTo(JSON.parse(line), find);
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}

async function answerTo<Question, Finding>(
  question: Question,
  find: (question: Question) => Promise<Finding>,
): Promise<Answer<Finding>> {
  try {
    return { finding: await find(question) };
  } catch (error) {
    const { stack, code } = error as { stack?: string; code?: string };
    return { error: stack ?? String(error), code };
  }
}
