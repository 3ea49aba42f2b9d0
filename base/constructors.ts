/**
 * Classes whose objects only this package makes. TypeScript's `private` does not keep JavaScript from
 * calling their constructors.
 *
 * @module
 */

/** What constructors get from inside of the package. */
export const inside: unique symbol = Symbol("inside");

/**
 * Checks that a constructor was called from inside.
 *
 * @throws {TypeError} when it was not; `instead` says what makes such objects
 */
export function checkInside(key: unknown, instead: string): void {
  if (key !== inside) throw new TypeError(`Illegal constructor: ${instead}`);
}
