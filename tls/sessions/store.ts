/**
 * Sessions kept for resumption (RFC 8446, section 2.2).
 *
 * @module
 */

import { type Check, checkOf, defaulted, type Rules } from "../../base/options.ts";
import { badArgument } from "../../base/option_errors.ts";

/** A session as a store keeps it. */
export interface StoredSession {
  /** Opaque bytes, meant for the engine that made them. */
  readonly session: Uint8Array;
  /** When the server may no longer know the session, in milliseconds since 1970. */
  readonly expires: number;
  /** The key-exchange group of the session, where known. The next ClientHello should offer it. */
  readonly group?: string;
}

/**
 * Keeps sessions for later connections. Every method may return its result or a promise of it.
 *
 * A key stands for everything that decides whether a session is valid, such as host, port, name,
 * protocols, trust and identity. It is a hash, and safe as a file name.
 */
export interface SessionStore {
  /** Hands out a session of `key` and forgets it: a ticket is used once (RFC 8446, C.4). */
  take(key: string): StoredSession | undefined | Promise<StoredSession | undefined>;
  /** Keeps a session of `key`. A server sends several sessions; each can be taken once. */
  put(key: string, session: StoredSession): void | Promise<void>;
}

/**
 * Checks the key and the session that a store is told to keep, so that a mistake shows at once.
 *
 * @throws {OptionError} when `key` is no string, or `stored` is no session
 */
export function checkEntry(key: unknown, stored: unknown, largest = Infinity): void {
  checkKey(key);
  if (isStoredSession(stored) && stored.session.length <= largest) return;
  throw badArgument("session", "a StoredSession", stored);
}

/** Whether `stored` has the types of a {@linkcode StoredSession}; the values may be anything. */
export function isStoredSession(stored: unknown): stored is StoredSession {
  const { session, expires, group } = (stored ?? {}) as Partial<StoredSession>;
  return session instanceof Uint8Array && typeof expires === "number" &&
    (group === undefined || typeof group === "string");
}

/**
 * Checks the key that a store is asked for.
 *
 * @throws {OptionError} when `key` is no string
 */
export function checkKey(key: unknown): void {
  if (typeof key !== "string") throw badArgument("key", "a string", key);
}

/**
 * Milliseconds that a session is kept at most (RFC 8446, section 4.6.1), whatever the server says.
 */
export const LONGEST_LIFE = 7 * 24 * 3_600_000;

/** Limits a time of expiry to a week from now. Both times are milliseconds since 1970. */
export function limitLife(expires: number): number {
  return Math.min(expires, Date.now() + LONGEST_LIFE);
}

/** How many sessions a store keeps. */
export interface StoreLimits {
  readonly perKey: number;
  readonly keys: number;
}

const wholeNumber: Check<number> = checkOf(
  "a whole number from 1",
  (value) => Number.isSafeInteger(value) && Number(value) >= 1,
);

/** How the limits of a store are read. */
export const limitRules: Rules<StoreLimits> = {
  perKey: defaulted(wholeNumber, 4),
  keys: defaulted(wholeNumber, 512),
};
