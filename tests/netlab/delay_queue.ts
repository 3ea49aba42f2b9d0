/**
 * A queue of packets on their way: a bounded ring whose memory is allocated once.
 *
 * Every packet is delayed by the same time, so the queue is first in, first out, and its head is
 * always due next. A packet is read directly into the ring and written directly from it. Nothing is
 * allocated per packet, so the garbage collector has no reason to pause the link.
 *
 * @module
 */

const CAPACITY = 64 * 1024 * 1024;

export class DelayQueue {
  readonly #slotSize: number;
  readonly #memory: Uint8Array;
  readonly #slots: Uint8Array[] = [];
  readonly #lengths: Uint32Array;
  readonly #dues: Float64Array;
  readonly #size: number;
  #head = 0;
  #count = 0;

  /** @param slotSize the largest packet to hold, in bytes. */
  constructor(slotSize: number) {
    this.#slotSize = slotSize;
    this.#size = Math.floor(CAPACITY / slotSize);
    this.#memory = new Uint8Array(this.#size * slotSize);
    this.#lengths = new Uint32Array(this.#size);
    this.#dues = new Float64Array(this.#size);
  }

  get full(): boolean {
    return this.#count === this.#size;
  }

  /** When the head is due; `Infinity` while nothing is queued. */
  get nextDue(): number {
    return this.#count === 0 ? Infinity : this.#dues[this.#head]!;
  }

  /** The free slot behind the tail. A packet written there counts once it is committed. */
  get tail(): Uint8Array {
    return this.#slot((this.#head + this.#count) % this.#size);
  }

  commit(length: number, due: number): void {
    const index = (this.#head + this.#count) % this.#size;
    this.#lengths[index] = length;
    this.#dues[index] = due;
    this.#count++;
  }

  /** The slot with the oldest packet. `headLength` is the length of that packet. */
  get head(): Uint8Array {
    return this.#slot(this.#head);
  }

  get headLength(): number {
    return this.#lengths[this.#head]!;
  }

  removeHead(): void {
    this.#head = (this.#head + 1) % this.#size;
    this.#count--;
  }

  /** Views are made at first use, because most runs touch only a few of the slots. */
  #slot(index: number): Uint8Array {
    const start = index * this.#slotSize;
    return this.#slots[index] ??= this.#memory.subarray(start, start + this.#slotSize);
  }
}
