/**
 * What is done a second time, and differently.
 *
 * @module
 */

import { ConnectError } from "../tcp/errors.ts";
import type { Engine } from "./engine.ts";
import { TlsError } from "./errors.ts";
import type { Hello } from "./hello.ts";
import { learnServer } from "./known_servers.ts";
import type { Plan } from "./plan.ts";
import { refusedSession } from "./warnings.ts";

/** What was done to make the hello small did not go down well: the connection is made again, without. */
export class TryAgain extends Error {
  readonly plan: Plan;

  constructor(plan: Plan) {
    super("the connection is made again");
    this.plan = plan;
  }
}

/** What to try after a handshake that failed over what made the hello small; once per cause. */
export function milderPlan(
  plan: Plan,
  hello: Hello,
  engine: Engine,
  error: unknown,
): Plan | undefined {
  const { config: { hostname, port }, stored, warnings } = plan;
  if (engine.secured) return undefined;
  const refused = error instanceof TlsError &&
    (error.code === "ALERT_RECEIVED" || error.code === "PROTOCOL_ERROR");
  const closed = error instanceof ConnectError ||
    (error instanceof TlsError && error.code === "HANDSHAKE_CLOSED");
  if (hello.isLean(engine) && (refused || closed)) {
    learnServer(hostname, port, { refusesLean: true });
    return plan;
  }
  if (!stored || !engine.offersSession || !refused) return undefined;
  warnings.push(refusedSession(error.message));
  return { ...plan, stored: undefined };
}

/** A group whose key share is too large for a hello that also resumes. */
const isHybrid = (group: string | undefined) => group?.includes("MLKEM") ?? false;

/**
 * What to try after a handshake that is complete, but fell back to the share that only a resumption
 * may use, when the server refused the session: it is known to do better.
 */
export function strongerPlan(
  plan: Plan,
  engine: Engine,
  group: string | undefined,
): Plan | undefined {
  const { config: { forSyn, keyShare }, warnings } = plan;
  if (!engine.offersSession || !forSyn || !isHybrid(keyShare) || isHybrid(group)) return undefined;
  warnings.push(refusedSession(`the server did not take it, and ${keyShare} is due`));
  return { ...plan, stored: undefined };
}
