/**
 * What is to be opened, and what came of it.
 *
 * @module
 */

import type { Address } from "../name/address.ts";
import type { FastOpenResult } from "../outcome.ts";
import type { Wire } from "../wire/wire.ts";

/** How to open. */
export interface OpenRequest {
  readonly address: Address;
  /** The first flight, in pieces; may be empty. */
  readonly flight: readonly Uint8Array[];
  readonly fastOpen: boolean;
}

/** A first flight on its way to one address. */
export interface Opened {
  /** The connection; may still be connecting. */
  readonly wire: Wire;
  /** How many bytes of the flight the kernel has taken; the rest is the caller's to write. */
  readonly sent: number;
  /** How many of those the SYN carries. */
  readonly synBytes: number;
  /** Whether the SYN has anything of Fast Open in it: data, or the question for a cookie. */
  readonly usesFastOpen: boolean;
  /** Whether the three-way handshake is over. Cheap enough to ask often. */
  established(): boolean;
  /** What became of Fast Open; final once {@linkcode Opened.established}. */
  fastOpen(): FastOpenResult;
  /** The local end; known once {@linkcode Opened.established}. */
  localAddress(): Address | undefined;
}

/** Bytes in all of `pieces`. */
export function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((total, piece) => total + piece.length, 0);
}

/** What becomes of Fast Open where it is not even tried; `undefined` where it is. */
export function outcomeIfNotTried(
  { fastOpen, flight }: OpenRequest,
): Pick<FastOpenResult, "outcome" | "reason"> | undefined {
  if (!fastOpen) return { outcome: "disabled" };
  if (lengthOf(flight) > 0) return undefined;
  return { outcome: "disabled", reason: "there was nothing to send" };
}
