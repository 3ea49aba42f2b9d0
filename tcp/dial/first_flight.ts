/**
 * The bytes a connection opens with, before it is known which attempt will carry them.
 *
 * @module
 */

/** A first flight, in pieces. */
export interface FirstFlight {
  /** All of it; goes to one living attempt at a time. */
  readonly complete: readonly Uint8Array[];
  /**
   * What may go to any number of attempts at once. Whoever gets a connection that carries only this
   * sends the rest on it.
   */
  repeatable(): readonly Uint8Array[];
}
