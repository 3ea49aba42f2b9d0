/**
 * A request to open a connection, and the connection that was opened.
 *
 * @module
 */

import type { Address } from "../name/address.ts";
import type { FastOpenResult } from "../outcome.ts";
import type { Wire } from "../wire/wire.ts";

/** Where to open a connection, and how. */
export interface OpenRequest {
  readonly address: Address;
  /** The local address to connect from; `undefined` leaves it to the kernel. */
  readonly from: Address | undefined;
  /** The first flight, in pieces; may be empty. */
  readonly flight: readonly Uint8Array[];
  readonly fastOpen: boolean;
}

/** A connection that was opened to one address, with its first flight. */
export interface Opened {
  /** The connection; may still be connecting. */
  readonly wire: Wire;
  /** How many bytes of the flight the kernel has taken; the caller writes the rest. */
  readonly sent: number;
  /** How many of the bytes in `sent` the SYN carries. */
  readonly synBytes: number;
  /** Whether the SYN uses Fast Open: it carries data, or asks for a cookie. */
  readonly usesFastOpen: boolean;
  /** Whether the three-way handshake is over. Cheap enough to ask often. */
  established(): boolean;
  /** Whether the peer has acknowledged all that was sent; `undefined` if the kernel does not tell. */
  delivered(): boolean | undefined;
  /** How Fast Open ended; final once {@linkcode Opened.established}. */
  fastOpen(): FastOpenResult;
  /** The local end; known once {@linkcode Opened.established}. */
  localAddress(): Address | undefined;
}

/** Bytes in all of `pieces`. */
export function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((total, piece) => total + piece.length, 0);
}

/** The result of Fast Open if it is not tried; `undefined` if it is. */
export function outcomeIfNotTried(
  { fastOpen, flight }: OpenRequest,
): Pick<FastOpenResult, "outcome" | "reason"> | undefined {
  if (!fastOpen) return { outcome: "disabled" };
  if (lengthOf(flight) > 0) return undefined;
  return { outcome: "disabled", reason: "there was nothing to send" };
}
