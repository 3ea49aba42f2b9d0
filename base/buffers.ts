/**
 * A pool of large buffers.
 *
 * A download needs thousands of buffers a second. Making a buffer costs more than filling it: the
 * runtime clears it, the kernel maps it, and its size wakes the garbage collector.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** Buffers made here. No other buffer is taken back: it might be part of a larger one. */
const lent = new WeakSet<ArrayBufferLike>();
const spare: Uint8Array[] = [];
const MOST_SPARE = 4;

/** Sizes are rounded up to multiples of this, so that requests of similar sizes share buffers. */
const STEP = 16 * 1024;

/** Lends a buffer of at least `size` bytes with any content. The caller may keep it. */
export function lend(size: number): Uint8Array {
  const index = spare.findIndex(({ length }) => length >= size && length <= 4 * size);
  const [found] = index < 0 ? [] : spare.splice(index, 1);
  if (found) return found;
  const made = Buffer.allocUnsafeSlow(Math.ceil(size / STEP) * STEP);
  lent.add(made.buffer);
  return made;
}

/** Takes back a buffer of which no other view is left. Ignores buffers that were not lent here. */
export function giveBack({ buffer }: Uint8Array): void {
  if (!lent.has(buffer)) return;
  spare.push(new Uint8Array(buffer));
  if (spare.length > MOST_SPARE) spare.shift(); // The oldest one: its size is no longer asked for.
}
