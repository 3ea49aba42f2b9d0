/**
 * What is to be proved, and who can prove it.
 *
 * @module
 */

/** What a header, or what describes one, can be asked. */
export type Question =
  | { readonly constant: string }
  | { readonly sizeOf: string }
  | { readonly offsetOf: string; readonly in: string }
  /** Where the field ends: the size of a struct that is read no further. */
  | { readonly endOf: string; readonly in: string }
  /** Where the field is, and how wide. */
  | { readonly placeOf: string; readonly in: string }
  | { readonly bitsOf: string; readonly in: string }
  /** What a function takes and returns, as FFI sees it. */
  | { readonly signatureOf: string }
  /** Whether the function is declared so. */
  | { readonly declaration: string; readonly of: string }
  /** Whether the library exports the function. */
  | { readonly exported: string }
  /** Whether there is no such macro. */
  | { readonly absentMacro: string }
  /** Whether there is no such function. */
  | { readonly absentFunction: string };

/** Something ffi/ declares. */
export interface Entry {
  /** Where ffi/ declares it, such as `linux.constants.AF_INET6`. */
  readonly name: string;
  readonly question: Question;
  /** The answer that ffi/ gives. */
  readonly declared: string;
}

/** Something that answers questions. */
export interface Evidence {
  readonly name: string;
  /** The answers to those questions it can answer. */
  answer(questions: readonly Question[]): ReadonlyMap<Question, string>;
}

/** A platform, with what is declared for it and what is known about it. */
export interface Target {
  readonly name: string;
  readonly entries: readonly Entry[];
  readonly evidence: readonly Evidence[];
}

/** How answers are spelled. */
export const spelled = {
  number: (value: bigint | number) => String(BigInt.asUintN(64, BigInt(value))),
  place: (offset: number, size: number) => `${size} bytes at ${offset}`,
  bits: (byte: number, mask: number) => `bits ${mask} of byte ${byte}`,
  signature: (result: string, parameters: readonly string[]) =>
    `${result}(${parameters.join(", ")})`,
  agreed: "as declared",
  otherwise: "declared otherwise",
  exported: "exported",
  notExported: "not exported",
  absent: "absent",
  present: "present",
} as const;
