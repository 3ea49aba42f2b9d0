/**
 * Session tickets of one server, counted.
 *
 * @module
 */

import type { SessionStore, StoredSession } from "../mod.ts";

/** Tickets in the order they came. Each is used once. */
export class Tickets implements SessionStore {
  /** While closed, no connection gets a ticket, so that each makes a full handshake and gets more. */
  closed = false;
  #tickets: StoredSession[] = [];
  #arrival = Promise.withResolvers<void>();

  get size(): number {
    return this.#tickets.length;
  }

  put(_key: string, session: StoredSession): void {
    this.#tickets.push(session);
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  }

  take(): StoredSession | undefined {
    return this.closed ? undefined : this.#tickets.shift();
  }

  /** Resolves at the next ticket, or to nothing after `milliseconds`. */
  async arrival(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    await Promise.race([this.#arrival.promise, promise]);
    clearTimeout(timer);
  }
}
