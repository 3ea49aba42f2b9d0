/**
 * What is to be opened.
 *
 * @module
 */

import type { Address } from "../address.ts";
import type { FastOpenResult } from "../outcome.ts";

/** How to open. */
export interface OpenRequest {
  readonly address: Address;
  /** The first flight, in pieces; may be empty. */
  readonly flight: readonly Uint8Array[];
  readonly fastOpen: boolean;
}

/** Bytes in all of `pieces`. */
export function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((total, piece) => total + piece.length, 0);
}

/** What becomes of Fast Open where it is not even tried; `undefined` where it is. */
export function untried(
  { fastOpen, flight }: OpenRequest,
): Pick<FastOpenResult, "outcome" | "reason"> | undefined {
  if (!fastOpen) return { outcome: "disabled" };
  if (lengthOf(flight) > 0) return undefined;
  return { outcome: "disabled", reason: "there was nothing to send" };
}
