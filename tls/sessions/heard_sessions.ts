/**
 * Sessions whose arrival somebody wants to hear of.
 *
 * @module
 */

import type { SessionStore, StoredSession } from "./store.ts";

/** Another store, and a listener. */
export class HeardSessions implements SessionStore {
  readonly #store: SessionStore;
  readonly #onSession: (session: Uint8Array) => void;

  constructor(store: SessionStore, onSession: (session: Uint8Array) => void) {
    this.#store = store;
    this.#onSession = onSession;
  }

  take(key: string): ReturnType<SessionStore["take"]> {
    return this.#store.take(key);
  }

  put(key: string, stored: StoredSession): void | Promise<void> {
    this.#onSession(stored.session);
    return this.#store.put(key, stored);
  }
}
