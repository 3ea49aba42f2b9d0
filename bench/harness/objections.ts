/**
 * Measurements that do not count.
 *
 * @module
 */

import { valuesOf } from "./statistics.ts";

/** A measurement that may not count. */
export interface Judged {
  /** Why it does not count; absent when it does. */
  readonly objection?: string | undefined;
}

/** The measurements that count. */
export function counted<Measurement extends Judged>(all: readonly Measurement[]): Measurement[] {
  return all.filter(({ objection }) => objection === undefined);
}

/** Lists what was not counted, and why. Nothing is dropped silently. */
export function listObjections(
  all: readonly { readonly name: string; readonly measurements: readonly Judged[] }[],
): string[] {
  const lines = all.flatMap(({ name, measurements }) => {
    const reasons = measurements.flatMap(({ objection }) => objection ?? []);
    return valuesOf(reasons).map((reason) => {
      const times = reasons.filter((each) => each === reason).length;
      return `  ${name}: ${times} × ${reason}`;
    });
  });
  return lines.length === 0 ? [] : [["Not counted:", ...lines].join("\n")];
}
