/**
 * Prints the command's warnings, and hides one of Node's that would appear in every output.
 *
 * @module
 */

import process from "node:process";
import { isFfiWarning } from "../base/ffi_warning.ts";
import { inOurNames } from "./failure.ts";
import { print, toJson } from "./output.ts";

/** A problem that is not a failure. */
export interface Warning {
  /** Which problem it is; stable across versions. */
  readonly code: string;
  readonly message: string;
}

/** Prints a warning on stderr, in one line. */
export function printWarning({ code, message }: Warning, json: boolean): Promise<void> {
  const line = json
    ? toJson({ warning: { code, message } })
    : `firstflight: warning: ${message} [${code}]`;
  return print(process.stderr, line);
}

/** Prints each kind of warning once, however many connections have it. */
export class Warnings {
  #json: boolean;
  #said = new Set<string>();

  constructor(json: boolean) {
    this.#json = json;
  }

  async say(warnings: readonly Warning[]): Promise<void> {
    for (const warning of warnings) {
      if (this.#said.has(warning.code)) continue;
      this.#said.add(warning.code);
      await printWarning({ ...warning, message: inOurNames(warning.message) }, this.#json);
    }
  }
}

/** Hides Node's warning that FFI is experimental. All other warnings are still printed. */
export function withoutFfiWarning(): void {
  const emitWarning = process.emitWarning.bind(process) as (...args: unknown[]) => void;
  process.emitWarning = ((...args: unknown[]): void => {
    if (!isFfiWarning(args)) emitWarning(...args);
  }) as typeof process.emitWarning;
}
