/**
 * The contract of a command.
 *
 * @module
 */

import type { OptionSpecs } from "./usage.ts";

/** One command of `firstflight`. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Arguments and what they do, the simplest first. */
  readonly examples: readonly (readonly [args: string, why: string])[];
  /** The arguments after the name. */
  readonly usage: string;
  readonly options: OptionSpecs;
  /** Further help, in paragraphs. */
  readonly about: readonly string[];
  /** A line about its exit codes, where they are not the usual ones. */
  readonly exits?: string;
  /** Runs it; resolves to the exit code. */
  run(args: readonly string[]): Promise<number>;
}
