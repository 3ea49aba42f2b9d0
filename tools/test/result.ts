/**
 * What came of a part of the test run.
 *
 * @module
 */

/** A test that did not run. */
export interface Skipped {
  readonly name: string;
  /** Absent where the runtime does not report it. */
  readonly reason?: string;
}

/** The checks, the suite under one runtime, or the other platforms. */
export interface Result {
  readonly name: string;
  readonly passed: number;
  /** Names of what failed. */
  readonly failed: readonly string[];
  readonly skipped: readonly Skipped[];
  readonly seconds: number;
}
