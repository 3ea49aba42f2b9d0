/**
 * What becomes of a packet at a middlebox.
 *
 * @module
 */

/**
 * A packet that goes no further. The middlebox may send packets of its own, which no other
 * middlebox sees: one back to the sender, and one on to the receiver.
 */
export interface Drop {
  readonly drop: true;
  readonly reply?: Uint8Array;
  readonly onward?: Uint8Array;
}

/** A packet that goes on, changed or not, or a drop. */
export type Verdict = Uint8Array | Drop;

/** Judges a packet without changing it. A packet that goes on changed is a copy. */
export type Judge = (packet: Uint8Array) => Verdict;

export const DROP: Drop = { drop: true };
