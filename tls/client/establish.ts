/**
 * Turns settings into a connection whose handshake is complete, in one race or more.
 *
 * @module
 */

import { type Deadline, withDeadline } from "../../tcp/dial/deadline.ts";
import { dial, type Dialed } from "../../tcp/dial/dial.ts";
import type { DialSettings } from "../../tcp/options.ts";
import type { Chosen } from "../choose_engine.ts";
import type { TlsKnown } from "../conn.ts";
import type { ClientEngine } from "../engine/contract.ts";
import type { TlsClientSettings } from "../options.ts";
import { TlsStream } from "../stream.ts";
import { helloTooLarge, refusedSession } from "../warnings.ts";
import { completeHandshake, learnFromHandshake, sendRest } from "./finish.ts";
import { FinishedHold } from "./finished_hold.ts";
import { Hello } from "./hello.ts";
import { knownServer, learnServer } from "./known_servers.ts";
import { makePlan, type Plan, withoutSession } from "./plan.ts";
import { type Retry, retryAfterFailure, retryAfterWeakHandshake } from "./retry.ts";

/** A connection whose handshake is complete, and facts about it. */
export interface Connected extends TlsKnown {
  readonly stream: TlsStream;
}

/** Connects. Connects again where something that made the first hello small or quick failed. */
export async function establish(
  settings: DialSettings & TlsClientSettings,
  chosen: Chosen,
  earlyData: Uint8Array | undefined,
): Promise<Connected> {
  const { hostname, port, fastOpen } = settings;
  return await withDeadline(settings, async (deadline) => {
    const purpose = { fastOpen, earlyData };
    let plan = await makePlan(settings, { hostname, port }, chosen, deadline, purpose);
    for (;;) {
      const outcome = await open(settings, deadline, plan);
      if ("stream" in outcome) return outcome;
      plan = changePlan(plan, outcome);
    }
  });
}

/** The plan for another try. Each part can be left out only once, so the tries come to an end. */
function changePlan(plan: Plan, { without, reason }: Retry): Plan {
  if (without === "lean hello") {
    learnServer(plan.config, { smallest: "single-share" });
    return plan;
  }
  plan.warnings.push(refusedSession(reason));
  return withoutSession(plan);
}

/** Runs one race, and the handshake of its winner. */
async function open(
  settings: DialSettings,
  deadline: Deadline,
  plan: Plan,
): Promise<Connected | Retry> {
  const { makeEngine, resumption, stored, config, earlyData } = plan;
  const hello = new Hello({ makeEngine, config, earlyData, server: knownServer(config) });
  try {
    const flight = (room: () => number) => hello.firstFlight(room);
    const dialed = await dial(settings, deadline, flight, "first-byte");
    return await shakeHands(plan, hello, dialed, deadline);
  } catch (error) {
    hello.free();
    // A ticket that was never sent can serve the next connection.
    if (!hello.started && stored) resumption.putBack(stored);
    throw error;
  }
}

async function shakeHands(
  plan: Plan,
  hello: Hello,
  { link, startedAt, lookup }: Dialed,
  deadline: Deadline,
): Promise<Connected | Retry> {
  const { hostname, port } = plan.config;
  const engine = hello.engineFor(link);
  const roundTrip = link.facts.fastOpen.rtt ?? link.provedAt - link.openedAt;
  const hold = engine.earlyDataTaken > 0
    ? new FinishedHold(engine, { hostname, port }, roundTrip)
    : undefined;
  const stream = new TlsStream(link.arrived, engine, { hostname, port }, "client", hold);
  try {
    await completeHandshake(stream, engine, deadline);
  } catch (error) {
    const retry = deadline.signal.aborted ? undefined : retryAfterFailure(hello, engine, error);
    if (!retry) throw error;
    hello.free();
    return retry;
  }
  const retry = retryAfterWeakHandshake(plan, engine);
  if (retry) {
    stream.close(); // The server has accepted no data yet.
    return retry;
  }
  learnFromHandshake(plan, engine);
  sendRest(plan, stream, engine);
  warnIfTooLarge(plan, hello, link, engine);
  const timing = {
    lookup,
    open: link.openedAt - startedAt,
    firstByte: link.provedAt - startedAt,
    secure: performance.now() - startedAt,
  };
  return { stream, facts: link.facts, timing, warnings: plan.warnings };
}

function warnIfTooLarge(
  { config, warnings }: Plan,
  hello: Hello,
  { facts: { fastOpen: { outcome, synBytes } } }: Dialed["link"],
  engine: ClientEngine,
): void {
  if (!config.ridesInSyn || outcome !== "accepted" || synBytes >= hello.length) return;
  warnings.push(helloTooLarge(hello, synBytes, engine.info().group));
}
