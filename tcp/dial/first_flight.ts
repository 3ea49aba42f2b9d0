/**
 * The bytes a connection opens with, before it is known which attempt will carry them.
 *
 * @module
 */

/** Which of its forms of a first flight an attempt carries. */
export type Carried = "complete" | "repeatable" | "ordinary";

/** A first flight, in pieces. */
export interface FirstFlight {
  /** The whole flight. It goes to one living attempt at a time. */
  readonly complete: readonly Uint8Array[];
  /**
   * The part that may go to any number of attempts at once. The caller sends the rest if the winner
   * carries only this part.
   */
  repeatable(): readonly Uint8Array[];
  /**
   * A flight with nothing unusual in it, for when a peer has accepted a connection and then ended
   * or ignored it. `undefined` if nothing is unusual in the other two.
   */
  readonly ordinary?: (() => readonly Uint8Array[] | Promise<readonly Uint8Array[]>) | undefined;
  /** Why the flight must not ride in a SYN, in words; `undefined` if it may. */
  readonly avoidsSyn?: string | undefined;
  readonly thinkingTime?: ThinkingTime;
  /** Called if the race is given up while the answer to an unusual flight is overdue. */
  readonly onIgnored?: (refusal: Refusal) => void;
}

/** Milliseconds a host may take between acknowledging the SYN and its first byte. */
export interface ThinkingTime {
  /** Until an answer is overdue. There is no need to act on it yet. */
  readonly expected: number;
  /** Until the next address is tried. */
  readonly beforeOthers: number;
  /** Until the same address gets the ordinary flight, if there is no other address. */
  readonly beforeOrdinary: number;
}

/** How a peer, or something on the way to it, has turned a flight down after accepting the SYN. */
export interface Refusal {
  readonly carried: Carried;
  /** Whether the SYN had carried data. */
  readonly inSyn: boolean;
  readonly by: "reset" | "close" | "silence";
}
