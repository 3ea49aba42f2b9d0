/**
 * A session store that reports the arrival of tickets.
 *
 * @module
 */

import type { SessionStore, StoredSession } from "../../mod.ts";

/** Milliseconds to wait for a ticket. */
const TICKET_TIMEOUT = 500;

/** Wraps another store. */
export class AwaitedStore implements SessionStore {
  readonly #store: SessionStore;
  #arrival = Promise.withResolvers<void>();

  constructor(store: SessionStore) {
    this.#store = store;
  }

  take(key: string): ReturnType<SessionStore["take"]> {
    return this.#store.take(key);
  }

  async put(key: string, session: StoredSession): Promise<void> {
    await this.#store.put(key, session);
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  }

  /** Resolves when the next ticket arrives, or after a timeout. */
  async arrival(): Promise<void> {
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, TICKET_TIMEOUT);
    await Promise.race([this.#arrival.promise, timeout.promise]);
    clearTimeout(timer);
  }
}
