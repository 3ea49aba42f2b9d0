/**
 * Node's FFI, without the warning that it is experimental.
 *
 * @module
 */

import { isFfiWarning } from "../base/ffi_warning.ts";
import { runtimeName } from "./builtins.ts";

/**
 * Loads `node:ffi`, where there is one. Node warns of it once in a process; the program has not asked for it,
 * and may take a warning for a fault of its own.
 */
export function loadFfiQuietly(): void {
  const { process } = globalThis;
  if (runtimeName !== "node") return;
  const { emitWarning } = process;
  process.emitWarning = (...args: unknown[]) => {
    if (!isFfiWarning(args)) Reflect.apply(emitWarning, process, args);
  };
  try {
    process.getBuiltinModule("node:ffi");
  } catch {
    // The library says what is missing when it needs it.
  } finally {
    process.emitWarning = emitWarning;
  }
}
