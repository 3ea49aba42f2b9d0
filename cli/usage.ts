/**
 * Command lines: the options that a command takes, and reading them.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { nearest } from "../base/nearest.ts";

/** The exit codes of a run. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  /** A command that `run` was given can't be started, as shells have it. */
  notExecutable: 126,
  /** There is no such command. */
  notFound: 127,
  interrupted: 130,
} as const;

/** A command line that can't be run. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** One option of a command, for the parser and for the help. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  /** Whether it may be given several times. */
  readonly multiple?: boolean;
  /** The placeholder for the value in the help, such as `FILE`. */
  readonly value?: string;
  readonly help: string;
}

/** The options of a command by name, without the dashes. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** The values given, by option. */
export type OptionValues<S extends OptionSpecs> = {
  readonly [K in keyof S]?: S[K] extends { type: "boolean" } ? boolean
    : S[K] extends { multiple: true } ? readonly string[]
    : string;
};

/** A command line that was read. */
export interface CommandLine<S extends OptionSpecs> {
  readonly values: OptionValues<S>;
  readonly positionals: readonly string[];
}

/**
 * Reads a command's arguments.
 *
 * @throws {UsageError} with the mistake, and what was probably meant
 */
export function readArguments<const S extends OptionSpecs>(
  args: readonly string[],
  specs: S,
): CommandLine<S> {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { type, multiple = false }]) => [name, { type, multiple }]),
  );
  // Not strict: the messages of strict mode differ between runtimes and suggest nothing.
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const seen = new Set<string>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (!spec || !rawName.startsWith("--")) throw unknownOption(rawName, Object.keys(specs));
    if (spec.type === "boolean" && value !== undefined) {
      throw new UsageError(`Option ${rawName} takes no value, got "${value}"`);
    }
    const forgotten = value === undefined || value === "" ||
      (!inlineValue && value.startsWith("-") && value !== "-");
    if (spec.type === "string" && forgotten) {
      throw new UsageError(`Option ${rawName} needs a value: ${rawName} ${spec.value ?? "VALUE"}`);
    }
    if (seen.has(name) && !spec.multiple) {
      throw new UsageError(`Option ${rawName} was given more than once`);
    }
    seen.add(name);
  }
  return { values: values as OptionValues<S>, positionals };
}

function unknownOption(rawName: string, names: readonly string[]): UsageError {
  const near = nearest(rawName.replace(/^-+/, ""), names);
  return new UsageError(
    `Unknown option ${rawName}` + (near === undefined ? "" : `; did you mean --${near}?`),
  );
}

/**
 * The one positional argument of a command.
 *
 * @throws {UsageError} when it is missing or not alone
 */
export function onlyPositional(positionals: readonly string[], name: string): string {
  const [first, second] = positionals;
  if (first === undefined) throw new UsageError(`${name} is missing`);
  if (second !== undefined) throw new UsageError(`Expected nothing after ${name}, got "${second}"`);
  return first;
}

/**
 * A whole number from an option's value.
 *
 * @throws {UsageError} when the value is no whole number, or out of range
 */
export function readNumber(
  option: string,
  text: string,
  { from, to }: { from: number; to: number },
): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (number >= from && number <= to) return number;
  throw new UsageError(
    `Option --${option} must be a whole number from ${from} to ${to}, got "${text}"`,
  );
}
