/**
 * Large buffers, used again.
 *
 * A download makes thousands of them a second, and making one costs more than filling it: the
 * runtime clears it, the kernel maps it, the garbage collector is woken by its size.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** Buffers that came from here. Nothing else is taken back: it might be part of something larger. */
const lent = new WeakSet<ArrayBufferLike>();
const spare: Uint8Array[] = [];
const MOST_SPARE = 4;

/** Sizes are rounded up to multiples of this, so that requests of about one size share buffers. */
const STEP = 16 * 1024;

/** A buffer of at least `size` bytes with anything in it; give it back, or keep it. */
export function lend(size: number): Uint8Array {
  const index = spare.findIndex(({ length }) => length >= size && length <= 4 * size);
  const [found] = index < 0 ? [] : spare.splice(index, 1);
  if (found) return found;
  const made = Buffer.allocUnsafeSlow(Math.ceil(size / STEP) * STEP);
  lent.add(made.buffer);
  return made;
}

/** Takes a buffer back that nobody else has a view of any more; ignores what was not lent here. */
export function giveBack({ buffer }: Uint8Array): void {
  if (!lent.has(buffer)) return;
  spare.push(new Uint8Array(buffer));
  if (spare.length > MOST_SPARE) spare.shift(); // Of a size that is not asked for any more.
}
