/**
 * Decides whether a connection is made a second time, and what is left out then.
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
import { FellSilent } from "./finish.ts";
import type { Plan } from "./plan.ts";
import type { RefusedBy, SpecialPart } from "./special.ts";

/** Why the connection is made again. */
export interface Retry {
  /** SpecialPart parts that the server, or something on the way to it, seems to have turned down. */
  readonly refused: readonly SpecialPart[];
  readonly by: RefusedBy;
  readonly reason: string;
}

/** Decides after a failed handshake, whose hello had `parts`; `undefined` if none can be the reason. */
export function retryAfterFailure(
  parts: readonly SpecialPart[],
  engine: ClientEngine,
  error: unknown,
): Retry | undefined {
  if (engine.secured || parts.length === 0 || !(error instanceof Error)) return undefined;
  const by = refusedBy(error);
  return by && { refused: parts, by, reason: error.message };
}

/**
 * Decides after a connection failed without an answer to the early data, which were accepted. A
 * server ends it so if a session promises that more is taken than is now (RFC 8446, section 4.2.10).
 */
export function retryUnanswered(error: unknown): Retry | undefined {
  const by = refusedBy(error);
  return by && { refused: ["early data"], by, reason: (error as Error).message };
}

/** How a handshake was turned down; `undefined` if this side has ended it, or has good reason to. */
function refusedBy(error: unknown): RefusedBy | undefined {
  if (error instanceof FellSilent) return "silence";
  if (error instanceof ConnectError) {
    if (error.code === "TRANSPORT_FAILED") return undefined;
    return error.code === "CONNECTION_RESET" ? "reset" : "close";
  }
  if (!(error instanceof TlsError)) return undefined;
  switch (error.code) {
    case "HANDSHAKE_CLOSED":
    case "TRUNCATED":
      return "close";
    case "ALERT_RECEIVED":
    case "PROTOCOL_ERROR":
      return "alert";
    default:
      return undefined;
  }
}

/**
 * Decides after a complete handshake that is too weak. The hello offered only classical groups,
 * which only a resumption may do, and the server refused the session. The server is known to pick a
 * hybrid. `undefined` if all is well, else the reason to connect again without the session.
 */
export function retryAfterWeakHandshake(
  { config: { ridesInSyn, keyShare } }: Plan,
  engine: ClientEngine,
): string | undefined {
  if (engine.resumed || !engine.offersSession || !ridesInSyn) return undefined;
  if (!isHybrid(keyShare) || isHybrid(engine.info().group)) return undefined;
  return `the server did not take it, and ${keyShare} is due`;
}
