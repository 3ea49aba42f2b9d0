/**
 * A C++ file that makes the compiler answer questions. The answers are in the object file, one
 * 64-bit number each.
 *
 * @module
 */

import { type Question, spelled } from "./entry.ts";

/** A probe, and how to read its object file. */
export interface Probe {
  readonly source: string;
  /** The question on a line of the source, if it has one. */
  questionAt(line: number): Question | undefined;
  /** Reads the answers out of the object file. */
  read(object: Buffer): Map<Question, string>;
}

/** Marks where answers begin. No compiler writes these bytes by itself. */
const MARK = 0x7d1f_f1e7_f125_7f19n;

/** The types of a function's parameters and result, in four bits each. */
const kinds = ["", "void", "i32", "u32", "i64", "u64", "pointer", "something else"] as const;

const prelude = `
typedef unsigned long long u64;

// What FFI distinguishes: ${kinds.slice(1).map((kind, code) => `${code + 1} ${kind}`).join(", ")}.
template <class T> struct Kind { static constexpr u64 code = 7; };
template <> struct Kind<void> { static constexpr u64 code = 1; };
template <> struct Kind<int> { static constexpr u64 code = 2; };
template <> struct Kind<unsigned> { static constexpr u64 code = 3; };
template <> struct Kind<long> { static constexpr u64 code = sizeof(long) == 8 ? 4 : 2; };
template <> struct Kind<unsigned long> { static constexpr u64 code = sizeof(long) == 8 ? 5 : 3; };
template <> struct Kind<long long> { static constexpr u64 code = 4; };
template <> struct Kind<unsigned long long> { static constexpr u64 code = 5; };
template <class T> struct Kind<T *> { static constexpr u64 code = 6; };

template <class F> struct Shape;
template <class R, class... P> struct Shape<R(P...)> {
  static constexpr u64 fold() { u64 all = Kind<R>::code; ((all = all << 4 | Kind<P>::code), ...); return all; }
  static constexpr u64 code = fold();
};
template <class R, class... P> struct Shape<R(P...) noexcept> : Shape<R(P...)> {};
template <class R, class... P> struct Shape<R(P..., ...)> : Shape<R(P...)> {};
template <class R, class... P> struct Shape<R(P..., ...) noexcept> : Shape<R(P...)> {};

// glibc's functions throw nothing, and say so.
template <class F> struct Plain { typedef F type; };
template <class R, class... P> struct Plain<R(P...) noexcept> { typedef R type(P...); };
template <class R, class... P> struct Plain<R(P..., ...) noexcept> { typedef R type(P..., ...); };
template <class A, class B> struct Same { static constexpr u64 code = 0; };
template <class A> struct Same<A, A> { static constexpr u64 code = 1; };
`;

/** Writes the probe for `questions`. */
export function writeProbe(headers: readonly string[], questions: readonly Question[]): Probe {
  const lines = headers.map((header) => `#include <${header}>`).concat(prelude.split("\n"));
  const asked = new Map<number, Question>();
  const add = (question: Question, line: string) => asked.set(lines.push(line), question);

  for (const [index, question] of questions.entries()) {
    if ("declaration" in question) add(question, `namespace d${index} { ${question.declaration} }`);
    if ("absentMacro" in question) {
      lines.push(`#ifdef ${question.absentMacro}`, `#define ABSENT_${index} 0`);
      lines.push("#else", `#define ABSENT_${index} 1`, "#endif");
    }
    if ("absentFunction" in question) {
      // Where a function of that name is declared, this line contradicts the declaration.
      const { absentFunction } = question;
      add(question, `struct d${index}; extern "C" d${index} *${absentFunction}(d${index} *);`);
    }
    if ("bitsOf" in question) {
      const { bitsOf, in: type } = question;
      const value = `{ { ${hex(MARK)}, ${index + 1} }, { .${bitsOf} = (unsigned char)-1 } }`;
      add(question, `extern "C" const struct { u64 mark[2]; ${type} all; } b${index} = ${value};`);
    }
  }
  lines.push(`extern "C" const u64 answers[] = { ${hex(MARK)}, 0,`);
  for (const [index, question] of questions.entries()) {
    add(question, `  (u64)(${expressionFor(question, index)}),`);
  }
  lines.push("};", "");

  return {
    source: lines.join("\n"),
    questionAt: (line) => asked.get(line),
    read: (object) =>
      new Map(questions.map((question, index) => {
        const answer = object.readBigUInt64LE(marked(object, 0) + index * 8);
        return [question, spell(question, answer, object, index)];
      })),
  };
}

function expressionFor(question: Question, index: number): string {
  if ("constant" in question) return question.constant;
  if ("sizeOf" in question) return `sizeof(${question.sizeOf})`;
  if ("offsetOf" in question) return `__builtin_offsetof(${question.in}, ${question.offsetOf})`;
  if ("endOf" in question) {
    const { endOf, in: type } = question;
    return `__builtin_offsetof(${type}, ${endOf}) + sizeof(((${type} *)0)->${endOf})`;
  }
  if ("placeOf" in question) {
    const { placeOf, in: type } = question;
    return `(u64)__builtin_offsetof(${type}, ${placeOf}) << 32 | sizeof(((${type} *)0)->${placeOf})`;
  }
  if ("bitsOf" in question) return `sizeof(${question.in})`;
  if ("signatureOf" in question) return `Shape<decltype(::${question.signatureOf})>::code`;
  if ("declaration" in question) {
    const { of } = question;
    const plain = (name: string) => `Plain<decltype(${name})>::type`;
    return `Same<${plain(`::${of}`)}, ${plain(`d${index}::${of}`)}>::code`;
  }
  if ("absentMacro" in question) return `ABSENT_${index}`;
  if ("absentFunction" in question) return "1";
  throw new Error("No compiler knows what a library exports");
}

function spell(question: Question, answer: bigint, object: Buffer, index: number): string {
  if ("placeOf" in question) {
    return spelled.place(Number(answer >> 32n), Number(answer & 0xffff_ffffn));
  }
  if ("bitsOf" in question) {
    const at = marked(object, index + 1);
    const bytes = [...object.subarray(at, at + Number(answer)).entries()].filter(([, byte]) =>
      byte
    );
    return bytes.map(([offset, byte]) => spelled.bits(offset, byte)).join(" and ");
  }
  if ("signatureOf" in question) {
    const [result = "", ...parameters] = Array.from(
      answer.toString(16),
      (digit) => kinds[Number.parseInt(digit, 16)] ?? "",
    );
    return spelled.signature(result, parameters);
  }
  if ("declaration" in question) return answer === 1n ? spelled.agreed : spelled.otherwise;
  if ("absentMacro" in question || "absentFunction" in question) {
    return answer === 1n ? spelled.absent : spelled.present;
  }
  return spelled.number(answer);
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}ull`;
}

/** The position after the mark with `number`. */
function marked(object: Buffer, number: number): number {
  const mark = Buffer.alloc(16);
  mark.writeBigUInt64LE(MARK);
  mark.writeBigUInt64LE(BigInt(number), 8);
  const at = object.indexOf(mark);
  if (at < 0) throw new Error("The compiler left no answers in the object file");
  return at + mark.length;
}
