/**
 * Warnings: those of the command, and one of Node's that would stand in every output.
 *
 * @module
 */

import process from "node:process";
import { inOurNames } from "./failure.ts";
import { print, toJson } from "./output.ts";

/** Something that is no failure. */
export interface Warning {
  /** What it is; stable across versions. */
  readonly code: string;
  readonly message: string;
}

/** Says on stderr, in one line, what is no failure but should be known. */
export function printWarning({ code, message }: Warning, json: boolean): Promise<void> {
  const line = json
    ? toJson({ warning: { code, message } })
    : `firstflight: warning: ${message} [${code}]`;
  return print(process.stderr, line);
}

/** Says each kind of warning once, however many connections earn it. */
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

/** Leaves out Node's remark that FFI is experimental; everything else is still said. */
export function withoutFfiWarning(): void {
  const emitWarning = process.emitWarning.bind(process) as (...args: unknown[]) => void;
  process.emitWarning = ((...args: unknown[]): void => {
    const [warning, type] = args;
    if (type === "ExperimentalWarning" && String(warning).startsWith("FFI ")) return;
    emitWarning(...args);
  }) as typeof process.emitWarning;
}
