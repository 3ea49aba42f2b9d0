/**
 * The time-out of a socket that is idle.
 *
 * @module
 */

import { clearTimeout, setTimeout } from "node:timers"; // Deno's own can't be refreshed.
import { LONGEST_TIMEOUT } from "../../base/options.ts";

/** Calls `onIdle` once nothing has been noted for so long. It keeps no process alive. */
export class IdleTimer {
  readonly #onIdle: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  /** Starts anew with so many milliseconds; 0 stops it. */
  set(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (milliseconds === 0) return void (this.#timer = undefined);
    this.#timer = setTimeout(this.#onIdle, Math.min(milliseconds, LONGEST_TIMEOUT)).unref();
  }

  /** Something has happened. */
  note(): void {
    this.#timer?.refresh();
  }
}
