/**
 * The system's monotonic clock, which all processes share. `performance.now()` counts from the
 * start of each process, and so does `process.hrtime` in Deno and Bun.
 *
 * @module
 */

import { libc } from "./libc.ts";

const CLOCK_MONOTONIC = 1;

/** The number of samples. The first FFI call takes up to 0.5 ms, and others may be interrupted. */
const SAMPLES = 8;

function sampleOffset(): number {
  const time = new BigInt64Array(2);
  libc.clock_gettime(CLOCK_MONOTONIC, new Uint8Array(time.buffer));
  return Number(time[0]) * 1e3 + Number(time[1]) / 1e6 - performance.now();
}

/** The difference from `performance.now()` to CLOCK_MONOTONIC, in milliseconds. */
export const clockOffset: number = Math.max(...Array.from({ length: SAMPLES }, sampleOffset));

/** CLOCK_MONOTONIC in milliseconds. */
export function monotonicNow(): number {
  return performance.now() + clockOffset;
}
