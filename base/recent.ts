/**
 * The bounded map behind every cache here.
 *
 * @module
 */

/** A map with a maximum size. When it is full, the least recently used entry is evicted. */
export class Recent<K, V> {
  /** In the order of use, the least recently used first. */
  readonly #entries = new Map<K, V>();
  readonly #most: number;
  readonly #onEvict: ((value: V, key: K) => void) | undefined;

  /** `onEvict` gets each entry that is evicted, or that {@linkcode Recent.clear} forgets. */
  constructor(most: number, onEvict?: (value: V, key: K) => void) {
    this.#most = most;
    this.#onEvict = onEvict;
  }

  /** The number of entries. */
  get size(): number {
    return this.#entries.size;
  }

  /** The value of `key`. This counts as a use. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** The value of `key`. This does not count as a use. */
  peek(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** The value of `key`; makes and keeps one if there is none. */
  getOrMake(key: K, make: () => V): V {
    const found = this.get(key);
    if (found !== undefined) return found;
    const made = make();
    this.set(key, made);
    return made;
  }

  /** Keeps a value as the most recently used one. */
  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#most) return;
    const [oldest] = this.#entries.keys();
    const evicted = this.take(oldest as K);
    this.#onEvict?.(evicted as V, oldest as K);
  }

  /** Removes the value of `key` and returns it. */
  take(key: K): V | undefined {
    const value = this.#entries.get(key);
    this.#entries.delete(key);
    return value;
  }

  /** All values, the least recently used first. */
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
