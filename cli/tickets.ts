/**
 * Session tickets of one server, with their number.
 *
 * @module
 */

import type { SessionStore, StoredSession } from "../mod.ts";

/** The number of tickets worth leaving: a store drops the oldest ones beyond it anyway. */
const MOST_LEFT = 4;

/** Tickets in the order they came. Each is used once. */
export class Tickets implements SessionStore {
  /**
   * While closed, no connection gets a ticket. So each makes a full handshake and brings more
   * tickets.
   */
  closed = false;
  #tickets: { readonly key: string; readonly session: StoredSession }[] = [];
  #arrival = Promise.withResolvers<void>();

  get size(): number {
    return this.#tickets.length;
  }

  put(key: string, session: StoredSession): void {
    this.#tickets.push({ key, session });
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  }

  take(): StoredSession | undefined {
    return this.closed ? undefined : this.#tickets.shift()?.session;
  }

  /** Resolves at the next ticket, or after `milliseconds` without one. */
  async arrival(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    await Promise.race([this.#arrival.promise, promise]);
    clearTimeout(timer);
  }

  /**
   * Moves the newest tickets to a store. A ticket that it does not take costs the next run a round
   * trip.
   */
  async leaveTo(store: SessionStore): Promise<void> {
    for (const { key, session } of this.#tickets.splice(0).slice(-MOST_LEFT)) {
      await Promise.try(() => store.put(key, session)).catch(() => {});
    }
  }
}
