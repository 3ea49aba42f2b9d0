/**
 * How one connection uses the session store.
 *
 * @module
 */

import { rejectOnAbort } from "../../tcp/dial/deadline.ts";
import type { SessionTicket } from "../engine/contract.ts";
import { isGroupName } from "../engine/groups.ts";
import {
  isStoredSession,
  limitLife,
  type SessionStore,
  type StoredSession,
} from "../sessions/store.ts";
import { sessionUnusable, type TlsWarning } from "../warnings.ts";

/** Milliseconds a store may take to hand out a session, which is not worth a longer wait. */
const PATIENCE = 100;

/**
 * A store under one key. A store that fails costs a full handshake and adds a warning, but it must
 * never break the connection. So nothing here throws.
 */
export class Resumption {
  #store: SessionStore | undefined;
  #key: string;
  #warn: (warning: TlsWarning) => void;

  constructor(
    store: SessionStore | undefined,
    key: string,
    warn: (warning: TlsWarning) => void,
  ) {
    this.#store = store;
    this.#key = key;
    this.#warn = warn;
  }

  /** Whether there is a store. */
  get enabled(): boolean {
    return this.#store !== undefined;
  }

  /** Takes a session to resume. Rejects only with the reason of `signal`. */
  take(signal: AbortSignal): StoredSession | undefined | Promise<StoredSession | undefined> {
    const store = this.#store;
    if (!store) return undefined;
    try {
      const answer = store.take(this.#key);
      // An answer that is no promise is used at once.
      if (!(answer instanceof Promise)) return this.#checked(answer);
      return rejectOnAbort(this.#awaited(answer), signal);
    } catch (error) {
      return this.#warnFailed("take", error);
    }
  }

  /** Keeps a ticket that the server sent. */
  keep({ session, lifetime, group }: SessionTicket): void {
    if (lifetime <= 0) return;
    const expires = limitLife(Date.now() + lifetime);
    this.putBack({ session, expires, ...(group === undefined ? {} : { group }) });
  }

  /** Puts a session that can still be used into the store. */
  putBack(stored: StoredSession): void {
    const store = this.#store;
    if (!store) return;
    Promise.try(() => store.put(this.#key, stored)).catch((error) =>
      this.#warnFailed("put", error)
    );
  }

  async #awaited(answer: Promise<StoredSession | undefined>): Promise<StoredSession | undefined> {
    const { promise: late, resolve } = Promise.withResolvers<"late">();
    const timer = setTimeout(resolve, PATIENCE, "late");
    try {
      const first = await Promise.race([answer, late]);
      if (first !== "late") return this.#checked(first);
    } catch (error) {
      return this.#warnFailed("take", error);
    } finally {
      clearTimeout(timer);
    }
    // The answer may still arrive. Then the next connection can use it.
    answer.then((stored) => isSession(stored) && this.putBack(stored), () => {});
    return this.#warnFailed("take", `no answer within ${PATIENCE} ms`);
  }

  #checked(stored: StoredSession | undefined): StoredSession | undefined {
    if (stored === undefined) return undefined;
    const what = !isSession(stored)
      ? "something that is no session"
      : !(stored.expires > Date.now()) // This also rejects NaN.
      ? "a session that has expired"
      : undefined;
    if (what === undefined) return stored;
    this.#warn(sessionUnusable(what));
    return undefined;
  }

  #warnFailed(call: "take" | "put", error: unknown): undefined {
    const why = error instanceof Error ? error.message : String(error);
    const effect = call === "take" ? "the handshake is a full one" : "a session was not kept";
    this.#warn({
      code: "SESSION_STORE_FAILED",
      message: `The session store failed to ${call} (${why}); ${effect}`,
    });
  }
}

/** Whether `stored` may be a session. The name of its group is checked: the library gets it. */
function isSession(stored: unknown): stored is StoredSession {
  return isStoredSession(stored) && stored.session.length > 0 &&
    (stored.group === undefined || isGroupName(stored.group));
}
