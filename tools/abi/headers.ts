/**
 * Evidence from C headers, through a compiler for their platform.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFolder, removeFolder } from "../../tests/peers/folder.ts";
import { type Evidence, type Question, spelled } from "./entry.ts";
import { type Probe, writeProbe } from "./probe.ts";

/** Headers, and a compiler that reads them. */
export interface Headers {
  readonly name: string;
  /** The compiler's command, without the file to compile. */
  readonly compiler: readonly string[];
  readonly headers: readonly string[];
}

/** Answers what the headers say. What they don't know stays unanswered. */
export function headersEvidence({ name, compiler, headers }: Headers): Evidence {
  return {
    name,
    answer(questions) {
      const answers = new Map<Question, string>();
      // The second round leaves out what the compiler rejected in the first one.
      let asked = questions.filter((question) => !("exported" in question));
      for (let round = 0; round < 2; round++) {
        const probe = writeProbe(headers, asked);
        const { object, rejected } = compile(compiler, probe);
        if (object) return new Map([...answers, ...probe.read(object)]);
        for (const question of rejected) {
          if ("absentFunction" in question) answers.set(question, spelled.present);
        }
        asked = asked.filter((question) => !rejected.has(question));
      }
      throw new Error(`${name}: the probe does not compile`);
    },
  };
}

interface Compiled {
  /** The compiler's output; absent when it rejected something. */
  readonly object?: Buffer;
  readonly rejected: ReadonlySet<Question>;
}

/** Flags for extensions of C and C++ that headers and probes use. No flag changes an answer. */
const flags = [
  ...["-std=c++20", "-nostdinc++", "-O0", "-w", "-Wno-c++11-narrowing", "-ferror-limit=0"],
  "-fno-color-diagnostics",
];

function compile([program = "", ...args]: readonly string[], probe: Probe): Compiled {
  const folder = makeFolder();
  const source = join(folder, "probe.cc");
  const object = join(folder, "probe.o");
  try {
    writeFileSync(source, probe.source);
    const command = [...args, ...flags, "-c", source, "-o", object];
    const { status, stderr, error } = spawnSync(program, command, { encoding: "utf8" });
    if (error) throw error;
    if (status === 0) return { object: readFileSync(object), rejected: new Set() };
    const rejected = new Set<Question>();
    for (const [message, line] of stderr.matchAll(/probe\.cc:(\d+):\d+: (?:fatal )?error: .*/g)) {
      const question = probe.questionAt(Number(line));
      if (!question) throw new Error(`${program}: ${message}`);
      rejected.add(question);
    }
    if (rejected.size === 0) throw new Error(`${program} failed:\n${stderr}`);
    return { rejected };
  } finally {
    removeFolder(folder);
  }
}
