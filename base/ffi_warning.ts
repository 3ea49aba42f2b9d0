/**
 * Node's warning that FFI is experimental.
 *
 * @module
 */

/** Whether the arguments of `process.emitWarning` are that warning. */
export function isFfiWarning([warning, type]: readonly unknown[]): boolean {
  return type === "ExperimentalWarning" && String(warning).startsWith("FFI ");
}
