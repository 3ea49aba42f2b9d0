/**
 * What is done a second time, and differently.
 *
 * Whatever made a hello small or quick is never the reason why a connection fails: the connection is
 * made again without it. Nothing here connects or learns; it decides, and says why.
 *
 * @module
 */

import { ConnectError } from "../../tcp/errors.ts";
import type { ClientEngine } from "../engine/contract.ts";
import { isHybrid } from "../engine/groups.ts";
import { TlsError } from "../errors.ts";
import type { Hello } from "./hello.ts";
import type { Plan } from "./plan.ts";

/** What to leave out when the connection is made again, and why. */
export interface Retry {
  readonly without: "lean hello" | "session";
  readonly reason: string;
}

/** What to leave out after a handshake that failed; `undefined` where nothing special was in it. */
export function retryAfterFailure(
  hello: Hello,
  engine: ClientEngine,
  error: unknown,
): Retry | undefined {
  if (engine.secured || !(error instanceof Error)) return undefined;
  const isRefused = error instanceof TlsError &&
    (error.code === "ALERT_RECEIVED" || error.code === "PROTOCOL_ERROR");
  const isClosed = error instanceof ConnectError ||
    (error instanceof TlsError && error.code === "HANDSHAKE_CLOSED");
  const reason = error.message;
  if (hello.isLean(engine) && (isRefused || isClosed)) return { without: "lean hello", reason };
  return engine.offersSession && isRefused ? { without: "session", reason } : undefined;
}

/**
 * What to leave out after a handshake that is complete, but fell back to the share that only a
 * resumption may use, when the server refused the session: it is known to do better.
 */
export function retryAfterWeakHandshake(
  { config: { ridesInSyn, keyShare } }: Plan,
  engine: ClientEngine,
): Retry | undefined {
  if (engine.resumed || !engine.offersSession || !ridesInSyn) return undefined;
  if (!isHybrid(keyShare) || isHybrid(engine.info().group)) return undefined;
  const reason = `the server did not take it, and ${keyShare} is due`;
  return { without: "session", reason };
}
