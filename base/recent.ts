/**
 * The bounded memory that every cache here is.
 *
 * @module
 */

/** A map of at most so many entries. What was used longest ago makes room. */
export class Recent<K, V> {
  /** In the order of use. */
  readonly #entries = new Map<K, V>();
  readonly #most: number;
  readonly #onEvict: ((value: V, key: K) => void) | undefined;

  /** `onEvict` gets what has made room, and what {@linkcode Recent.clear} forgets. */
  constructor(most: number, onEvict?: (value: V, key: K) => void) {
    this.#most = most;
    this.#onEvict = onEvict;
  }

  /** The number of entries. */
  get size(): number {
    return this.#entries.size;
  }

  /** The value of `key`, which counts as a use of it. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** The value of `key`, which does not count as a use of it. */
  peek(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** The value of `key`; one is made where there is none. */
  getOrMake(key: K, make: () => V): V {
    const found = this.get(key);
    if (found !== undefined) return found;
    const made = make();
    this.set(key, made);
    return made;
  }

  /** Keeps a value. */
  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#most) return;
    const [oldest] = this.#entries.keys();
    const evicted = this.take(oldest as K);
    this.#onEvict?.(evicted as V, oldest as K);
  }

  /** Hands out the value of `key` and forgets it. */
  take(key: K): V | undefined {
    const value = this.#entries.get(key);
    this.#entries.delete(key);
    return value;
  }

  /** All values, the one used longest ago first. */
  values(): IteratorObject<V> {
    return this.#entries.values();
  }

  /** Forgets everything. */
  clear(): void {
    const entries = [...this.#entries];
    this.#entries.clear();
    for (const [key, value] of entries) this.#onEvict?.(value, key);
  }
}
