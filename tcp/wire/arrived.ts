/**
 * A wire that is handed from one owner to the next.
 *
 * @module
 */

import type { Wire } from "./wire.ts";

/** A wire, and the bytes that have arrived on it before the new owner got it. */
export interface Arrived {
  readonly wire: Wire;
  readonly received: readonly Uint8Array[];
  readonly ended: boolean;
}
