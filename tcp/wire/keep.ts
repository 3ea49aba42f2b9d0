/**
 * What keeps the process alive while a connection is being made.
 *
 * @module
 */

/** A timer, or a socket. */
interface Keeper {
  /** Whether it is a socket that has ended. Node's remember each call until they connect again. */
  readonly destroyed?: boolean;
  ref(): unknown;
  unref(): unknown;
}

/** What making a connection may be told. */
export interface Kept {
  /** What keeps the process alive meanwhile. Default: everything does. */
  readonly keep?: Keep | undefined;
}

/** All that keeps the process alive on behalf of one connection, until its owner says that it may end. */
export class Keep {
  readonly #keepers = new Set<Keeper>();
  #isReferenced = true;

  /** Adds a keeper. Returns a function that takes it out again. */
  add(keeper: Keeper): () => void {
    this.#keepers.add(keeper);
    if (!this.#isReferenced) keeper.unref();
    return () => void this.#keepers.delete(keeper);
  }

  ref(): void {
    this.#isReferenced = true;
    for (const keeper of this.#living()) keeper.ref();
  }

  unref(): void {
    this.#isReferenced = false;
    for (const keeper of this.#living()) keeper.unref();
  }

  #living(): ReadonlySet<Keeper> {
    for (const keeper of this.#keepers) if (keeper.destroyed) this.#keepers.delete(keeper);
    return this.#keepers;
  }
}
