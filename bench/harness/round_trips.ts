/**
 * Times counted in round trips.
 *
 * @module
 */

import type { Evidence } from "./evidence.ts";
import { median } from "./statistics.ts";

/** A round trip, in milliseconds. */
export interface RoundTrip {
  /** As the network was asked for it. */
  readonly nominal: number;
  /** As the link saw it. */
  readonly measured: number;
}

/** What a round trip was. */
export function roundTripOf(nominal: number, evidence: readonly Evidence[]): RoundTrip {
  const trips = evidence.map(({ flow }) => flow?.roundTrip ?? NaN);
  return { nominal, measured: median(trips.filter(Number.isFinite)) };
}

/** A time in nominal round trips; in brackets the same in those that the link saw. */
export function inRoundTrips(time: number, { nominal, measured }: RoundTrip): string {
  return `${show(time / nominal, 3)} RTT (${show(time / measured, 3)})`;
}

/** A number; nothing where there is none. */
export function show(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "";
}
