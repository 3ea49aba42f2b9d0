/**
 * The kinds of firstflight connections that the benchmarks compare.
 *
 * @module
 */

/** What a connection uses. */
export interface Kind {
  /** Fast Open with a cookie. */
  readonly fastOpen: boolean;
  /** A ticket and early data. */
  readonly early: boolean;
}

export const kinds: Readonly<Record<string, Kind>> = {
  "plain": { fastOpen: false, early: false },
  "cookie": { fastOpen: true, early: false },
  "plain, early data": { fastOpen: false, early: true },
  "cookie, early data": { fastOpen: true, early: true },
};

/** Two of these kinds with the runtime's own TLS, which has no early data. */
export const runtimeKinds: typeof kinds = {
  "plain, engine runtime": { fastOpen: false, early: false },
  "cookie, engine runtime": { fastOpen: true, early: false },
};

/** The kind with this name; `undefined` for connections of other clients. */
export function kindOf(way: string): Kind | undefined {
  return kinds[way] ?? runtimeKinds[way];
}
