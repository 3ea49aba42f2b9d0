/**
 * The kinds of connections of firstflight that are compared with one another.
 *
 * @module
 */

/** What a connection is made with. */
export interface Kind {
  /** With Fast Open and a cookie. */
  readonly fastOpen: boolean;
  /** With a ticket and early data. */
  readonly early: boolean;
}

export const kinds: Readonly<Record<string, Kind>> = {
  "plain": { fastOpen: false, early: false },
  "cookie": { fastOpen: true, early: false },
  "plain, early data": { fastOpen: false, early: true },
  "cookie, early data": { fastOpen: true, early: true },
};

/** Two of them over the runtime's own TLS, which has no early data. */
export const runtimeKinds: typeof kinds = {
  "plain, engine runtime": { fastOpen: false, early: false },
  "cookie, engine runtime": { fastOpen: true, early: false },
};

/** The kind of this name; what others make is of none. */
export function kindOf(way: string): Kind | undefined {
  return kinds[way] ?? runtimeKinds[way];
}
