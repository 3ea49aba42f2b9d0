/**
 * Sessions in this process's memory.
 *
 * @module
 */

import { readOptions } from "../../base/options.ts";
import { Recent } from "../../base/recent.ts";
import {
  checkEntry,
  checkKey,
  limitLife,
  limitRules,
  type SessionStore,
  type StoredSession,
} from "./store.ts";

/** Limits of a {@linkcode MemorySessionStore}. */
export interface MemorySessionStoreOptions {
  /** Sessions kept per key; older ones make room. Default 4. */
  perKey?: number;
  /** Keys kept; the least recently used makes room. Default 512. */
  keys?: number;
}

/**
 * Sessions in this process's memory, bounded and expiring. The default store is one of these.
 *
 * ```ts
 * import { MemorySessionStore } from "@firstflight/tls";
 *
 * const sessions = new MemorySessionStore({ perKey: 2 });
 * sessions.put("key", { session: new Uint8Array(3), expires: Date.now() + 60_000 });
 * console.log(sessions.take("key")?.session.length); // 3
 * console.log(sessions.take("key")); // undefined
 * ```
 */
export class MemorySessionStore implements SessionStore {
  #sessions: Recent<string, StoredSession[]>;
  #perKey: number;

  /**
   * Makes an empty store.
   *
   * @throws {OptionError} when a limit is not a whole number of at least 1
   */
  constructor(options: MemorySessionStoreOptions = {}) {
    const { perKey, keys } = readOptions(options, limitRules);
    this.#perKey = perKey;
    this.#sessions = new Recent(keys);
  }

  /** Sessions kept now, including expired ones that no caller has asked for yet. */
  get size(): number {
    return this.#sessions.values().reduce((sum, kept) => sum + kept.length, 0);
  }

  /**
   * Hands out the newest unexpired session of `key` and forgets it.
   *
   * @throws {OptionError} when `key` is no string
   */
  take(key: string): StoredSession | undefined {
    checkKey(key);
    const kept = this.#sessions.peek(key);
    if (!kept) return undefined;
    const now = Date.now();
    let session = kept.pop();
    while (session && session.expires <= now) session = kept.pop();
    if (kept.length === 0) this.#sessions.take(key);
    return session;
  }

  /**
   * Keeps a session of `key`, for a week at most.
   *
   * @throws {OptionError} when `key` is no string, or `session` is no StoredSession
   */
  put(key: string, session: StoredSession): void {
    checkEntry(key, session);
    const kept = this.#sessions.getOrMake(key, () => []);
    kept.push({ ...session, expires: limitLife(session.expires) });
    if (kept.length > this.#perKey) kept.shift();
  }

  /** Removes all sessions. */
  clear(): void {
    this.#sessions.clear();
  }
}
