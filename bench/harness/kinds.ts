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
