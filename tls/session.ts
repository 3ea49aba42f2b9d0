/**
 * Sessions kept for resumption (RFC 8446, section 2.2).
 *
 * @module
 */

import { mustBe } from "../tcp/options.ts";
import { TlsError } from "./errors.ts";

/** A session as a store keeps it. */
export interface StoredSession {
  /** Opaque bytes, meant for the engine that made them. */
  readonly session: Uint8Array;
  /** Milliseconds since 1970 after which the server no longer knows it. */
  readonly expires: number;
  /** The key-exchange group it was agreed with, where known: what the next hello should offer. */
  readonly group?: string;
}

/**
 * Where sessions wait for the next connection. Every method may answer at once or by a promise.
 *
 * A key stands for everything that makes a session valid: host, port, name, protocols, trust and
 * identity. It is a hash, safe as a file name.
 */
export interface SessionStore {
  /** Hands out a session of `key` and forgets it: a ticket is used once (RFC 8446, C.4). */
  take(key: string): StoredSession | undefined | Promise<StoredSession | undefined>;
  /** Keeps a session of `key`. A server sends several; each can be taken once. */
  put(key: string, session: StoredSession): void | Promise<void>;
}

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
  #sessions = new Map<string, StoredSession[]>();
  #perKey: number;
  #keys: number;

  /**
   * Makes an empty store.
   *
   * @throws {TlsError} `INVALID_OPTION` when a limit is not a whole number from 1
   */
  constructor(options: MemorySessionStoreOptions = {}) {
    const { perKey, keys } = limitsOf(options);
    this.#perKey = perKey;
    this.#keys = keys;
  }

  /** Sessions kept now, expired ones included that nobody has asked for yet. */
  get size(): number {
    return this.#sessions.values().reduce((sum, kept) => sum + kept.length, 0);
  }

  /**
   * Hands out the newest unexpired session of `key` and forgets it.
   *
   * @throws {TlsError} `INVALID_OPTION` when it is no key
   */
  take(key: string): StoredSession | undefined {
    checkKey(key);
    const kept = this.#sessions.get(key);
    if (!kept) return undefined;
    const now = Date.now();
    let session = kept.pop();
    while (session && session.expires <= now) session = kept.pop();
    if (kept.length === 0) this.#sessions.delete(key);
    return session;
  }

  /**
   * Keeps a session of `key`.
   *
   * @throws {TlsError} `INVALID_OPTION` when it is no session
   */
  put(key: string, session: StoredSession): void {
    checkEntry(key, session);
    const kept = this.#sessions.get(key) ?? [];
    kept.push(session);
    if (kept.length > this.#perKey) kept.shift();
    this.#sessions.delete(key);
    this.#sessions.set(key, kept);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > this.#keys && oldest !== undefined) this.#sessions.delete(oldest);
  }

  /** Forgets everything. */
  clear(): void {
    this.#sessions.clear();
  }
}

/**
 * Checks what a store is told to keep, so that a slip is not found out when it is used.
 *
 * @throws {TlsError} `INVALID_OPTION`
 */
export function checkEntry(key: unknown, stored: unknown, largest = Infinity): void {
  checkKey(key);
  if (isStoredSession(stored) && stored.session.length <= largest) return;
  throw new TlsError(
    "INVALID_OPTION",
    mustBe("session", "a StoredSession", stored, "Argument"),
  );
}

/** Whether it has the types of a {@linkcode StoredSession}; what stands in it may be anything. */
export function isStoredSession(stored: unknown): stored is StoredSession {
  const { session, expires, group } = (stored ?? {}) as Partial<StoredSession>;
  return session instanceof Uint8Array && typeof expires === "number" &&
    (group === undefined || typeof group === "string");
}

/** Throws `INVALID_OPTION` unless a session may be kept under `key`. */
export function checkKey(key: unknown): void {
  if (typeof key === "string") return;
  throw new TlsError("INVALID_OPTION", mustBe("key", "a string", key, "Argument"));
}

/**
 * The limits that the options of a store ask for.
 *
 * @throws {TlsError} `INVALID_OPTION`
 */
export function limitsOf(
  options: { readonly perKey?: number; readonly keys?: number },
): { readonly perKey: number; readonly keys: number } {
  if (typeof options !== "object" || options === null) {
    throw new TlsError("INVALID_OPTION", mustBe("options", "an object", options, "Argument"));
  }
  const { perKey = 4, keys = 512 } = options;
  for (const [name, limit] of Object.entries({ perKey, keys })) {
    if (Number.isSafeInteger(limit) && limit >= 1) continue;
    throw new TlsError("INVALID_OPTION", mustBe(name, "a whole number from 1", limit));
  }
  return { perKey, keys };
}
