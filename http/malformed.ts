/**
 * What is thrown where bytes are not what a protocol allows.
 *
 * @module
 */

/** Bytes that no peer should have sent. It never leaves `http/`: such bytes may not ride. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

/** What `read` returns; `otherwise` where it finds something malformed. */
export function unlessMalformed<T, O>(read: () => T, otherwise: O): T | O {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return otherwise;
    throw error;
  }
}
