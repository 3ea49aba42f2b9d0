/**
 * Where a thread keeps what its flag has done, for whoever asks, and for another copy of the flag.
 *
 * @module
 */

/** What the flag has done; `globalThis[Symbol.for("firstflight.register")]` in each thread. */
export interface Registered {
  /** From where the module of the flag was loaded. */
  readonly url: string;
  /** The functions that were replaced; none where `FIRSTFLIGHT=off`. */
  readonly patched: readonly string[];
  /** How often each thing has happened so far, in words. */
  counts(): Readonly<Record<string, number>>;
}

/** By this name other copies know it. */
const place = Symbol.for("firstflight.register");

/** What the flag of this thread has done; `undefined` where it is not set. */
export function findRegistered(): Registered | undefined {
  return Reflect.get(globalThis, place);
}

/** Keeps it. */
export function keepRegistered(registered: Registered): void {
  Reflect.set(globalThis, place, registered);
}
