/**
 * Calls that this package makes of the runtime's own `net.connect` and `tls.connect`. Under the flag of
 * `register` those are replaced by what stands on this package, which would call itself.
 *
 * @module
 */

/** By this name other copies of the package know it. */
const mark = Symbol.for("firstflight.own-call");

/** Options that mark such a call. Runtimes pass them over. */
export const ownCall: object = { [mark]: true };

/** Whether the options of a call are marked. */
export function isOwnCall(options: object): boolean {
  return mark in options;
}
