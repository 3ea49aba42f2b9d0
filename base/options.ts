/**
 * Options are read once, at the start of a public function. Every name must be known, every value
 * is checked, missing values get their defaults, and the result is frozen. The code below never
 * checks options again. It never sees the caller's object, which the caller may reuse at once.
 *
 * @module
 */

import type { OptionErrorDetails } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { badArgument, badOption, Hidden, unknownOption } from "./option_errors.ts";

/** What an option must be. */
export interface Check<T> {
  /** A value that is refused must not be shown. */
  readonly isSecret?: boolean;
  /** In words that go after "must be". */
  readonly expectation: string;
  /**
   * The value to use: what was given, or a copy of it that the caller can't change any more. `undefined`
   * refuses it.
   */
  read(value: unknown): T | undefined;
}

/** A value that is not missing. */
type Given = NonNullable<unknown>;

/** How one option is read. */
export interface Rule<T> {
  readonly check: Check<Exclude<T, undefined>>;
  /** Replaces a missing value. Without a fallback the option must be given. */
  readonly fallback?: { readonly value: T };
  /** What other libraries call the option, for callers who write that. */
  readonly elsewhere?: readonly string[];
}

/** How each option of a function is read. The options are checked in this order. */
export type Rules<S> = { readonly [K in keyof S]-?: Rule<S[K]> };

/** An option that must be given. */
export function required<T extends Given>(check: Check<T>): Rule<T> {
  return { check };
}

/** An option that may be missing. */
export function optional<T extends Given>(check: Check<T>): Rule<T | undefined> {
  return { check, fallback: { value: undefined } };
}

/** An option that has a default. */
export function defaulted<T extends Given>(check: Check<T>, value: NoInfer<T>): Rule<T> {
  return { check, fallback: { value } };
}

/** The same rule, for an option that other libraries call by one of `names`. */
export function calledElsewhere<T>(rule: Rule<T>, ...names: readonly string[]): Rule<T> {
  return { ...rule, elsewhere: names };
}

/** The longest delay that timers accept, in milliseconds; longer ones would fire at once. */
export const LONGEST_TIMEOUT = 0x7fffffff;

/** A check by a predicate alone. */
export function checkOf<T>(expectation: string, accepts: (value: unknown) => boolean): Check<T> {
  return { expectation, read: (value) => accepts(value) ? value as T : undefined };
}

/** `true` or `false`. */
export const boolean: Check<boolean> = checkOf("a boolean", (value) => typeof value === "boolean");

/** A function of whatever type the option has. */
export function callback<F>(): Check<F> {
  return checkOf("a function", (value) => typeof value === "function");
}

/** An integer within bounds. */
export function integer(least: number, most: number, unit = "an integer"): Check<number> {
  return checkOf(
    `${unit} from ${least} to ${most}`,
    (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
  );
}

/** Milliseconds that a timer can wait. */
export const milliseconds: Check<number> = checkOf(
  `milliseconds from 1 to ${LONGEST_TIMEOUT}`,
  (value) => typeof value === "number" && value > 0 && value <= LONGEST_TIMEOUT,
);

/** One of a few words. */
export function oneOf<W extends string>(...words: readonly W[]): Check<W> {
  const quoted = words.map((word) => `"${word}"`);
  const list = [quoted.slice(0, -1).join(", "), ...quoted.slice(-1)].filter(Boolean).join(" or ");
  return checkOf(list, (value) => words.includes(value as W));
}

/** Bytes, copied. */
export const bytes: Check<Uint8Array> = { expectation: "a Uint8Array", read: copyBytes };

function copyBytes(value: unknown): Uint8Array | undefined {
  if (!(value instanceof Uint8Array)) return undefined;
  try {
    return new Uint8Array(value); // A Buffer's slice() is no copy.
  } catch {
    return undefined; // Its buffer was transferred.
  }
}

/** A list, copied; `accepts` checks the copy as a whole. */
export function listOf<T>(
  expectation: string,
  accepts: (list: readonly unknown[]) => boolean,
): Check<readonly T[]> {
  return {
    expectation,
    read(value) {
      const copy: readonly T[] = Object.freeze(Array.isArray(value) ? Array.from(value) : []);
      return Array.isArray(value) && accepts(copy) ? copy : undefined;
    },
  };
}

/** The known name that the caller probably meant by `name`. */
function nameMeant<S>(name: string, rules: Rules<S>): string | undefined {
  const known = Object.entries<Rule<unknown>>(rules);
  const elsewhere = known.find(([, { elsewhere = [] }]) => elsewhere.includes(name));
  if (elsewhere) return elsewhere[0];
  const near = nearest(name, known.map(([each]) => each.toLowerCase()));
  return known.find(([each]) => each.toLowerCase() === near)?.[0];
}

/**
 * Reads options by their rules.
 *
 * Values are also read from the prototype chain, for example from getters of a class. Only names of
 * the object itself can be unknown options. A name whose value is `undefined` counts as missing.
 *
 * @param whose finds facts for the error among the options as they were given
 * @throws {OptionError} for the first option that is unknown or refused
 */
export function readOptions<S extends object>(
  given: unknown,
  rules: Rules<S>,
  whose: (given: Partial<Record<string, unknown>>) => OptionErrorDetails = () => ({}),
): Readonly<S> {
  if (typeof given !== "object" || given === null) {
    throw badArgument("options", "an object", given);
  }
  const options = given as Partial<Record<string, unknown>>;
  const known = Object.keys(rules);
  const values = Object.fromEntries(known.map((name) => [name, options[name]]));
  const details = whose(values);
  for (const name of Object.keys(options)) {
    if (known.includes(name) || options[name] === undefined) continue;
    throw unknownOption(name, nameMeant(name, rules), details);
  }
  for (const [name, { check, fallback }] of Object.entries<Rule<unknown>>(rules)) {
    const given = values[name];
    if (given === undefined && fallback) values[name] = fallback.value;
    else if ((values[name] = check.read(given)) === undefined) {
      const shown = check.isSecret ? new Hidden(given) : given;
      throw badOption(name, check.expectation, shown, details);
    }
  }
  return Object.freeze(values) as Readonly<S>;
}
