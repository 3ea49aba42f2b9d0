/**
 * The `i2d_…` functions, which write DER.
 *
 * @module
 */

import { slotOf } from "../../../ffi/memory.ts";
import { withPinned } from "../../../ffi/pin.ts";
import { runtime } from "../../../runtimes/mod.ts";

/** Runs an `i2d_…` function twice: without a buffer for the length, then with one for the bytes. */
export function derOf(i2d: (slot: Uint8Array | null) => number): Uint8Array {
  const bytes = new Uint8Array(Math.max(1, i2d(null)));
  return withPinned([bytes], () => bytes.subarray(0, i2d(slotOf(runtime.addressOf(bytes)))));
}
