/**
 * Buffers whose addresses C holds, kept from the garbage collector.
 *
 * @module
 */

const pins = new Set<readonly unknown[]>();

/**
 * Runs `call` while `values` stay reachable. A buffer passed as an argument is safe by itself; one
 * whose address stands inside another buffer is not, once the compiler has seen its last use.
 */
export function withPinned<T>(values: readonly unknown[], call: () => T): T {
  pins.add(values);
  try {
    return call();
  } finally {
    pins.delete(values);
  }
}
