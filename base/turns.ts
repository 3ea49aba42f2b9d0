/**
 * The turns of the event loop.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/**
 * Calls back once what has arrived is read. Timers run before sockets are read, so a timer that is overdue
 * since the program was busy has to look at what came meanwhile.
 */
export function afterReading(callback: () => void): void {
  setImmediate(() => setImmediate(callback));
}
