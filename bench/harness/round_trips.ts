/**
 * Times counted in round trips.
 *
 * @module
 */

import type { Evidence } from "./evidence.ts";
import { median } from "./statistics.ts";

/** A round trip, in milliseconds. */
export interface RoundTrip {
  /** The value that the network was set to. */
  readonly nominal: number;
  /** The value that the link saw. */
  readonly measured: number;
}

/** The nominal round trip, and the median of the measured ones. */
export function roundTripOf(nominal: number, evidence: readonly Evidence[]): RoundTrip {
  const trips = evidence.map(({ flow }) => flow?.roundTrip ?? NaN);
  return { nominal, measured: median(trips.filter(Number.isFinite)) };
}

/** A time in nominal round trips, and in brackets in measured ones. */
export function inRoundTrips(time: number, { nominal, measured }: RoundTrip): string {
  return `${show(time / nominal, 3)} RTT (${show(time / measured, 3)})`;
}

/** Formats a number. The result is empty where there is none. */
export function show(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "";
}
