/**
 * The dynamic table of HPACK (RFC 7541, sections 2.3.2 and 4).
 *
 * @module
 */

import type { Field } from "../field.ts";

/** What an entry takes besides its characters (RFC 7541, section 4.1). */
const ENTRY_OVERHEAD = 32;

/** What a field takes in the table, and in a list that is limited. */
export function sizeOf([name, value]: Field): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}

/** The fields that a peer has said before and may refer to. */
export class DynamicTable {
  /** The newest first. */
  readonly #entries: Field[] = [];
  #size = 0;
  #maxSize: number;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** The entry at an index, from 0 for the newest. */
  at(index: number): Field | undefined {
    return this.#entries[index];
  }

  /** Adds an entry; the oldest make room. One that is too large leaves the table empty. */
  add(entry: Field): void {
    const size = sizeOf(entry);
    this.#shrinkTo(this.#maxSize - size);
    if (size > this.#maxSize) return;
    this.#entries.unshift(entry);
    this.#size += size;
  }

  /** Sets how large it may be from now on. */
  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#shrinkTo(maxSize);
  }

  #shrinkTo(size: number): void {
    while (this.#size > size) {
      const oldest = this.#entries.pop();
      if (!oldest) return;
      this.#size -= sizeOf(oldest);
    }
  }
}
