/**
 * What was measured and does not count.
 *
 * @module
 */

import { valuesOf } from "./statistics.ts";

/** Something that was measured. */
export interface Judged {
  /** Why it does not count. */
  readonly objection?: string | undefined;
}

/** What counts. */
export function counted<Measurement extends Judged>(all: readonly Measurement[]): Measurement[] {
  return all.filter(({ objection }) => objection === undefined);
}

/** What was not counted, and why. Never silently. */
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
