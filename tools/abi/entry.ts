/**
 * Declarations to prove, and the evidence that can prove them.
 *
 * @module
 */

/** A question to a header, or to something that describes headers. */
export type Question =
  | { readonly constant: string }
  | { readonly sizeOf: string }
  | { readonly offsetOf: string; readonly in: string }
  /** Where the field ends: the size of a struct that is read only up to this field. */
  | { readonly endOf: string; readonly in: string }
  /** The offset and the size of the field. */
  | { readonly placeOf: string; readonly in: string }
  | { readonly bitsOf: string; readonly in: string }
  /** The parameters and the result of a function, as FFI sees them. */
  | { readonly signatureOf: string }
  /** Whether the function is declared in this way. */
  | { readonly declaration: string; readonly of: string }
  /** Whether the library exports the function. */
  | { readonly exported: string }
  /** Whether there is no such macro. */
  | { readonly absentMacro: string }
  /** Whether there is no such function. */
  | { readonly absentFunction: string };

/** A declaration in ffi/. */
export interface Entry {
  /** The place of the declaration, such as `linux.constants.AF_INET6`. */
  readonly name: string;
  readonly question: Question;
  /** The answer that ffi/ gives. */
  readonly declared: string;
}

/** A source that answers questions. */
export interface Evidence {
  readonly name: string;
  /** The answers to those questions that it can answer. */
  answer(questions: readonly Question[]): ReadonlyMap<Question, string>;
}

/** A platform, with the declarations for it and the evidence about it. */
export interface Target {
  readonly name: string;
  readonly entries: readonly Entry[];
  readonly evidence: readonly Evidence[];
}

/** How answers are written. */
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
