/**
 * Decides whether a connection is made a second time, and which part is left out then.
 *
 * A part that makes a hello small or quick must never be the reason why a connection fails: the
 * connection is made again without it. This module only decides, and gives the reason. It neither
 * connects nor learns.
 *
 * @module
 */

import { ConnectError } from "../../tcp/errors.ts";
import type { ClientEngine } from "../engine/contract.ts";
import { isHybrid } from "../engine/groups.ts";
import { TlsError } from "../errors.ts";
import type { Hello } from "./hello.ts";
import type { Plan } from "./plan.ts";

/** The part to leave out when the connection is made again, and the reason. */
export interface Retry {
  readonly without: "lean hello" | "session";
  readonly reason: string;
}

/** The part to leave out after a failed handshake; `undefined` where no part can be the reason. */
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
 * The part to leave out after a complete handshake that is too weak. The hello offered only
 * classical groups, which only a resumption may do, and the server refused the session. The server
 * is known to pick a hybrid.
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
