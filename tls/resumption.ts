/**
 * One connection's dealings with the session store.
 *
 * @module
 */

import { abortable } from "../tcp/deadline.ts";
import type { SessionTicket } from "./engine.ts";
import type { SessionStore, StoredSession } from "./session.ts";

/**
 * A store under one key. A store that fails costs a full handshake, never the connection: so nothing
 * here throws.
 */
export class Resumption {
  #store: SessionStore | undefined;
  #key: string;

  constructor(store: SessionStore | undefined, key: string) {
    this.#store = store;
    this.#key = key;
  }

  /** Whether there is a store to keep anything in. */
  get enabled(): boolean {
    return this.#store !== undefined;
  }

  /** A session to resume. Rejects only with the reason of `signal`. */
  async take(signal: AbortSignal): Promise<StoredSession | undefined> {
    const store = this.#store;
    if (!store) return undefined;
    const stored = await this.#answer(store, signal);
    const usable = stored?.session instanceof Uint8Array && stored.session.length > 0;
    return usable ? stored : undefined;
  }

  /** What the store says; one that answers at once is not waited for. */
  #answer(
    store: SessionStore,
    signal: AbortSignal,
  ): StoredSession | undefined | Promise<StoredSession | undefined> {
    try {
      const answer = store.take(this.#key);
      if (!(answer instanceof Promise)) return answer;
      return abortable(answer.catch(() => undefined), signal);
    } catch {
      return undefined;
    }
  }

  /** Keeps what the server sent. */
  keep({ session, lifetime }: SessionTicket): void {
    this.putBack({ session, expires: Date.now() + lifetime });
  }

  /** Returns a session that was taken and can still serve. */
  putBack(stored: StoredSession): void {
    const store = this.#store;
    if (store) Promise.try(() => store.put(this.#key, stored)).catch(() => {});
  }
}
