/**
 * Node's warning about FFI, which would stand in every output.
 *
 * @module
 */

import process from "node:process";

/** Leaves out Node's remark that FFI is experimental; everything else is still said. */
export function withoutFfiWarning(): void {
  const emitWarning = process.emitWarning.bind(process) as (...args: unknown[]) => void;
  process.emitWarning = ((...args: unknown[]): void => {
    const [warning, type] = args;
    if (type === "ExperimentalWarning" && String(warning).startsWith("FFI ")) return;
    emitWarning(...args);
  }) as typeof process.emitWarning;
}
