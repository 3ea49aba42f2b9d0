/**
 * A wire on its way from one owner to the next.
 *
 * @module
 */

import type { Wire } from "./wire.ts";

/** A wire, and what has arrived on it before it got its new owner. */
export interface Arrived {
  readonly wire: Wire;
  readonly received: readonly Uint8Array[];
  readonly ended: boolean;
}
