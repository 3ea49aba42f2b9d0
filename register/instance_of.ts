/**
 * `instanceof` for classes of the runtime, whose objects are now the library's.
 *
 * @module
 */

/** A class, whoever may call its constructor. */
interface Class {
  readonly prototype: unknown;
}

/**
 * Lets `instanceof` say yes for objects of another class as well. Not for `net.Socket`: what takes such a
 * socket apart by its handle, as `child.send` does, has to see that this is none.
 */
export function patchInstanceOf(given: Class, other: () => Class | undefined): void {
  const isInstance = Function.prototype[Symbol.hasInstance];
  Object.defineProperty(given, Symbol.hasInstance, {
    configurable: true,
    value(this: unknown, value: unknown): boolean {
      if (isInstance.call(this as () => void, value)) return true;
      const more = this === given ? other() : undefined; // Not for classes that extend it.
      return more !== undefined && isInstance.call(more as () => void, value);
    },
  });
}
