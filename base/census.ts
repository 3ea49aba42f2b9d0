/**
 * Counts the live objects that must be freed explicitly. Only tests read the counts.
 *
 * @module
 */

const live = new Map<string, number>();

/** Notes that an object of `kind` was made (1) or freed (-1). */
export function countNative(kind: string, change: 1 | -1): void {
  live.set(kind, (live.get(kind) ?? 0) + change);
}

/** The number of live objects by kind, without the kinds that have none. */
export function liveObjects(): Record<string, number> {
  return Object.fromEntries([...live].filter(([, number]) => number !== 0));
}
