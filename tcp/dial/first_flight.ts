/**
 * The bytes a connection opens with, before it is known which attempt will carry them.
 *
 * @module
 */

/** A first flight, in pieces. */
export interface FirstFlight {
  /** The whole flight. It goes to one living attempt at a time. */
  readonly complete: readonly Uint8Array[];
  /**
   * The part that may go to any number of attempts at once. The caller sends the rest if the winner
   * carries only this part.
   */
  repeatable(): readonly Uint8Array[];
}
