/**
 * A caller's own judgement of the server's certificate.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { PeerCertificate } from "node:tls";
import { digest } from "../../base/digest.ts";
import { badOption } from "../../base/option_errors.ts";
import { Recent } from "../../base/recent.ts";
import { describeChain } from "../face/certificates.ts";
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

/** A server's certificates, the leaf first. */
type Chain = readonly Uint8Array[];

/** The chains that each function was shown, by their leaves: a session that is resumed has the leaf alone. */
const chainsShown = new WeakMap<CheckServerIdentity, Recent<string, Chain>>();

/** The longest chain that is known of a leaf, for functions that look at the issuers. */
function completeChain(check: CheckServerIdentity, chain: Chain): Chain {
  const [leaf] = chain;
  if (!leaf) return chain;
  const shown = chainsShown.get(check) ?? new Recent<string, Chain>(16);
  chainsShown.set(check, shown);
  const name = Buffer.from(leaf).toString("base64");
  const known = shown.get(name) ?? chain;
  if (known.length > chain.length) return known;
  shown.set(name, chain);
  return chain;
}

/**
 * What refuses a certificate; `undefined` if nothing does. It is called for a resumed session as well,
 * where Node does not ask.
 */
export function judgeIdentity(
  check: CheckServerIdentity,
  hostname: string,
  chain: Chain,
): Error | undefined {
  const certificate = describeChain(completeChain(check, chain));
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
