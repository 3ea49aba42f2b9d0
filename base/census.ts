/**
 * How many of the things that must be freed are alive. Tests count them; nothing else looks.
 *
 * @module
 */

const live = new Map<string, number>();

/** Notes that an object of `kind` was made, or, with -1, freed. */
export function countNative(kind: string, change: 1 | -1): void {
  live.set(kind, (live.get(kind) ?? 0) + change);
}

/** Live objects by kind, without the kinds that have none. */
export function liveObjects(): Record<string, number> {
  return Object.fromEntries([...live].filter(([, number]) => number !== 0));
}
