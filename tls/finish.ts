/**
 * The end of a client's handshake.
 *
 * @module
 */

import { abortable, type Deadline } from "../tcp/deadline.ts";
import { strongerPlan, TryAgain } from "./again.ts";
import type { Engine } from "./engine.ts";
import { learnServer } from "./known_servers.ts";
import type { Plan } from "./plan.ts";
import type { TlsStream } from "./stream.ts";
import { unusable } from "./warnings.ts";

/** Waits for the handshake, learns from it, and sends what early data could not carry. */
export async function finish(
  stream: TlsStream,
  engine: Engine,
  deadline: Deadline,
  plan: Plan,
): Promise<void> {
  const { config, resumption, stored, earlyData, warnings } = plan;
  try {
    deadline.stage = "the TLS handshake was not complete";
    if (!engine.secured) await abortable(stream.secured, deadline.signal);
  } catch (error) {
    stream.fail(error);
    throw error;
  }
  if (stored && !engine.offersSession) warnings.push(unusable("a session that can't be used"));
  if (!engine.resumed) {
    const { group, protocol } = stream.info();
    const stronger = strongerPlan(plan, engine, group);
    if (stronger) {
      stream.close(); // Nothing was sent yet.
      throw new TryAgain(stronger);
    }
    const { hostname, port } = config;
    // What was picked from the caller's own list says nothing of what the server would pick.
    const picked = config.groups ? undefined : group;
    learnServer(hostname, port, {
      ...(picked === undefined ? {} : { group: picked }),
      speaksTls13: protocol === "TLSv1.3",
    });
  } else if (stored && engine.sessionReusable) {
    resumption.putBack(stored);
  }
  const rest = earlyData?.subarray(engine.earlyData === "accepted" ? engine.earlyDataTaken : 0);
  // Not awaited: the server may want its answer read before it takes more. Later writes queue up
  // behind it, and a failure shows in whatever the caller does next.
  if (rest && rest.length > 0) stream.write(rest).catch(() => {});
}
