/**
 * The end of a client's handshake.
 *
 * @module
 */

import { type Deadline, rejectOnAbort } from "../../tcp/dial/deadline.ts";
import type { ClientEngine } from "../engine/contract.ts";
import type { TlsStream } from "../stream.ts";
import { sessionUnusable } from "../warnings.ts";
import { knownServer, learnServer } from "./known_servers.ts";
import type { Plan } from "./plan.ts";

/** Waits until the handshake is complete. When it fails, the stream fails, too. */
export async function completeHandshake(
  stream: TlsStream,
  engine: ClientEngine,
  deadline: Deadline,
): Promise<void> {
  try {
    deadline.stage = "the TLS handshake was not complete";
    if (!engine.secured) await rejectOnAbort(stream.secured, deadline.signal);
  } catch (error) {
    stream.fail(error);
    throw error;
  }
}

/** Learns facts from a complete handshake that the next handshake needs. */
export function learnFromHandshake(plan: Plan, engine: ClientEngine): void {
  const { config, resumption, stored, warnings } = plan;
  if (stored && !engine.offersSession) {
    warnings.push(sessionUnusable("a session that can't be used"));
  }
  if (engine.resumed) {
    if (stored && engine.sessionReusable) resumption.putBack(stored);
    return;
  }
  const { group, protocol } = engine.info();
  const { smallest = protocol === "TLSv1.3" ? "lean" : undefined } = knownServer(config);
  learnServer(config, {
    // A group that was picked from the caller's own list is not the server's free choice.
    ...(config.groups || group === undefined ? {} : { group }),
    ...(smallest ? { smallest } : {}),
  });
}

/** Sends the early data that the server did not accept, or that did not fit the first flight. */
export function sendRest({ earlyData }: Plan, stream: TlsStream, engine: ClientEngine): void {
  const rest = earlyData?.subarray(engine.earlyData === "accepted" ? engine.earlyDataTaken : 0);
  // The write is not awaited: the server may want its answer read before it takes more. Later
  // writes wait behind this write. The caller's next call fails if this write fails.
  if (rest && rest.length > 0) stream.write(rest).catch(() => {});
}
