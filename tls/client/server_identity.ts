/**
 * A caller's own judgement of the server's certificate.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import type { PeerCertificate } from "node:tls";
import { digest } from "../../base/digest.ts";
import { badOption } from "../../base/option_errors.ts";
import type { HeardSessions } from "../sessions/heard_sessions.ts";
import type { SessionStore, StoredSession } from "../sessions/store.ts";

/**
 * Judges a certificate after it was verified: returns an error, or throws one, to refuse it. Node's
 * shape; there it takes the place of the verification of the name.
 */
export type CheckServerIdentity = (
  hostname: string,
  certificate: PeerCertificate,
) => Error | undefined;

/**
 * What refuses a certificate; `undefined` if nothing does. It is called for a resumed session as well,
 * where Node does not ask.
 */
export function judgeIdentity(
  check: CheckServerIdentity,
  hostname: string,
  der: Uint8Array | undefined,
): Error | undefined {
  const certificate = der ? new X509Certificate(der).toLegacyObject() : {};
  let answer: unknown;
  try {
    answer = check(hostname, certificate as PeerCertificate);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
  if (!answer) return undefined;
  if (answer instanceof Error) return answer;
  // Whoever answers by a promise has refused nothing yet.
  const expectation = "a function that returns an Error or undefined, and no promise";
  return badOption("checkServerIdentity", expectation, answer, { hostname });
}

/** A name for each function that judges. It means nothing to another process. */
const namesOfChecks = new WeakMap<CheckServerIdentity, string>();

function nameOfCheck(check: CheckServerIdentity): string {
  const name = namesOfChecks.get(check) ?? crypto.randomUUID();
  namesOfChecks.set(check, name);
  return name;
}

/**
 * The sessions of connections that one function judges. They are kept apart from others, and not before
 * the function has said yes: early data go out before anybody is asked.
 */
export class JudgedSessions implements SessionStore {
  readonly #store: HeardSessions;
  readonly #judge: string;
  #waiting: (() => void)[] | undefined = [];

  constructor(store: HeardSessions, check: CheckServerIdentity) {
    this.#store = store;
    this.#judge = nameOfCheck(check);
  }

  take(key: string): ReturnType<SessionStore["take"]> {
    return this.#store.take(this.#keyOf(key));
  }

  put(key: string, session: StoredSession): void | Promise<void> {
    // What was taken here was kept after such a yes before.
    const isApproved = !this.#waiting || this.#store.hasTaken(session);
    if (isApproved) return this.#store.put(this.#keyOf(key), session);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting?.push(resolve);
    return promise.then(() => this.#store.put(this.#keyOf(key), session));
  }

  /** The server was judged, and is the right one. */
  approve(): void {
    for (const keep of this.#waiting ?? []) keep();
    this.#waiting = undefined;
  }

  #keyOf(key: string): string {
    return digest([key, this.#judge]);
  }
}
