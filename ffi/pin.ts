/**
 * Keeps buffers whose addresses C holds from the garbage collector.
 *
 * @module
 */

const pins = new Set<readonly unknown[]>();

/**
 * Runs `call` while `values` stay reachable. A buffer passed as an argument is safe by itself. A
 * buffer whose address is stored in another buffer is not: it may be collected after its last use.
 */
export function withPinned<T>(values: readonly unknown[], call: () => T): T {
  pins.add(values);
  try {
    return call();
  } finally {
    pins.delete(values);
  }
}
