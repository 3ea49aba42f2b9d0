/**
 * Sessions whose arrival somebody wants to hear of.
 *
 * @module
 */

import type { SessionStore, StoredSession } from "./store.ts";

/** Another store, and a listener. Sessions that are put back are no news. */
export class HeardSessions implements SessionStore {
  readonly #store: SessionStore;
  readonly #onSession: (session: Uint8Array) => void;
  readonly #taken = new Set<unknown>();

  constructor(store: SessionStore, onSession: (session: Uint8Array) => void) {
    this.#store = store;
    this.#onSession = onSession;
  }

  take(key: string): ReturnType<SessionStore["take"]> {
    const answer = this.#store.take(key);
    return answer instanceof Promise
      ? answer.then((stored) => this.#note(stored))
      : this.#note(answer);
  }

  /** Whether a session was taken out of the store here, and did not come from the server. */
  hasTaken(stored: StoredSession): boolean {
    return this.#taken.has(stored);
  }

  #note(stored: StoredSession | undefined): StoredSession | undefined {
    this.#taken.add(stored);
    return stored;
  }

  put(key: string, stored: StoredSession): void | Promise<void> {
    if (!this.hasTaken(stored)) this.#onSession(stored.session);
    return this.#store.put(key, stored);
  }
}
