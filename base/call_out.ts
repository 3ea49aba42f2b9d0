/**
 * Calls functions of others.
 *
 * @module
 */

/**
 * Calls what may call listeners or callbacks of others. What those throw becomes an uncaught exception, as
 * where Node calls them. Within a promise it would be an unhandled rejection, and whatever was to be done
 * next would not be done.
 *
 * @returns whether it has come to its end
 */
export function callOut(call: () => void): boolean {
  try {
    call();
    return true;
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
    return false;
  }
}
