/**
 * How long something that has failed is spared, and when it is tried again.
 *
 * @module
 */

/** Something that has failed, and is not used for a while. */
export interface Setback {
  /** How often in a row it has failed; each time doubles the wait for a probe. */
  readonly times: number;
  /** When it is tried again, in milliseconds since 1970. */
  readonly until: number;
}

/** Milliseconds until the first probe. The failure may have been chance. */
const FIRST_WAIT = 10_000;

/** The longest wait for a probe, in milliseconds. */
const LONGEST_WAIT = 3_600_000;

/** Milliseconds after which an overdue probe is not needed: too much has changed since. */
const LONGEST_MEMORY = 24 * 3_600_000;

/** Milliseconds reserved for one probe. Whoever comes meanwhile goes on without. */
const PROBE_TIME = 10_000;

/**
 * What to do about something that had `before`: use it, avoid it, or find out whether it works
 * again. `after` is the setback to keep from now on.
 */
export function adviseAfter(
  before: Setback | undefined,
): { readonly advice: "use" | "avoid" | "probe"; readonly after: Setback | undefined } {
  if (!before) return { advice: "use", after: undefined };
  const now = Date.now();
  if (now < before.until) return { advice: "avoid", after: before };
  if (now >= before.until + LONGEST_MEMORY) return { advice: "use", after: undefined };
  return { advice: "probe", after: { ...before, until: now + PROBE_TIME } };
}

/** The setback after another failure; `isProbe` if the failure was found by a probe. */
export function setBack(before: Setback | undefined, isProbe: boolean): Setback {
  // Connections that are made at the same time all report the same failure, which counts once.
  if (before && !isProbe && Date.now() < before.until) return before;
  const times = (before?.times ?? 0) + 1;
  const wait = Math.min(FIRST_WAIT * 2 ** (times - 1), LONGEST_WAIT);
  return { times, until: Date.now() + wait };
}
