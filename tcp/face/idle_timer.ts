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

/**
 * Checks the arguments of `setTimeout`.
 *
 * @throws {TypeError} or {RangeError} with Node's own codes
 */
export function checkTimeout(milliseconds: unknown, listener: unknown): void {
  const complain = (kind: ErrorConstructor, code: string, message: string) => {
    throw Object.assign(new kind(message), { code });
  };
  if (typeof milliseconds !== "number") {
    const got = typeof milliseconds;
    complain(
      TypeError,
      "ERR_INVALID_ARG_TYPE",
      `A timeout must be a number of milliseconds, got ${got}`,
    );
  }
  if (!Number.isFinite(milliseconds) || Number(milliseconds) < 0) {
    const got = String(milliseconds);
    complain(
      RangeError,
      "ERR_OUT_OF_RANGE",
      `A timeout must be 0 or more milliseconds, got ${got}`,
    );
  }
  if (listener !== undefined && typeof listener !== "function") {
    complain(TypeError, "ERR_INVALID_ARG_TYPE", "The listener of a timeout must be a function");
  }
}
