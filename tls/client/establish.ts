/**
 * Turns settings into a connection whose handshake is complete, in one race or more.
 *
 * @module
 */

import { quoted } from "../../base/authority.ts";
import { type Deadline, withDeadline } from "../../tcp/dial/deadline.ts";
import { dial, type Dialed } from "../../tcp/dial/dial.ts";
import type { Kept } from "../../tcp/wire/keep.ts";
import type { Stages } from "../../tcp/dial/stages.ts";
import type { DialSettings } from "../../tcp/options.ts";
import type { Peer } from "../../tcp/wire/ends.ts";
import type { Chosen } from "../choose_engine.ts";
import type { TlsKnown } from "../conn.ts";
import type { ClientEngine } from "../engine/contract.ts";
import { TlsError } from "../errors.ts";
import type { TlsClientSettings } from "../options.ts";
import { TlsStream } from "../stream.ts";
import { helloTooLarge, refusedParts, refusedSession } from "../warnings.ts";
import {
  awaitAnswer,
  completeHandshake,
  learnFromHandshake,
  sendRest,
  warnIfUnusable,
} from "./finish.ts";
import { FinishedHold } from "./finished_hold.ts";
import { Hello } from "./hello.ts";
import { knownServer } from "./known_servers.ts";
import { learnGivenUp, learnRefusal, learnUnanswered, refusedIn } from "./refusals.ts";
import { earlyDataOf, isWhole, makePlan, ordinaryPlan, type Plan, withoutSession } from "./plan.ts";
import {
  type Retry,
  retryAfterFailure,
  retryAfterWeakHandshake,
  retryUnanswered,
} from "./retry.ts";
import { learnPause, learnThinkingTime, longestSilence } from "./thinking_time.ts";

/** A connection whose handshake is complete, and facts about it. */
export interface Connected extends TlsKnown {
  readonly stream: TlsStream;
}

/** A plan for another try, since the last one failed or led to too little. */
class Again {
  readonly plan: Plan;
  /** What was turned down, if anything was. It is learned once the other try has succeeded. */
  readonly retry: Retry | undefined;

  constructor(plan: Plan, retry?: Retry) {
    this.plan = plan;
    this.retry = retry;
  }
}

/**
 * Connects. Connects again where something that made the first hello small or quick failed. `made` is a
 * plan that was made before, when the early data were not known yet.
 */
export async function establish(
  settings: DialSettings & TlsClientSettings & Kept,
  chosen: Chosen,
  earlyData: Uint8Array | undefined,
  stages: Stages = {},
  made?: Plan,
): Promise<Connected> {
  const { hostname, port, fastOpen } = settings;
  return await withDeadline(settings, async (deadline) => {
    const purpose = { fastOpen, earlyData };
    let plan = made
      ? { ...made, earlyData }
      : await makePlan(settings, { hostname, port }, chosen, deadline, purpose);
    const { allowance } = plan;
    let retry: Retry | undefined;
    for (;;) {
      const outcome = await open(settings, deadline, plan, stages);
      if (!(outcome instanceof Again)) {
        if (retry) allowance?.noteRefused(retry.refused, retry.by);
        return outcome;
      }
      retry ??= outcome.retry;
      ({ plan } = outcome); // Each part can be left out only once, so the tries come to an end.
    }
  });
}

/** As {@linkcode establish}, for a first write. */
export async function establishSending(
  settings: DialSettings & TlsClientSettings & Kept,
  chosen: Chosen,
  first: Uint8Array | undefined,
): Promise<Connected> {
  return requireSent(await establish(settings, chosen, first), settings);
}

/** A first write is a write like any other for its caller: if it was not sent, it has failed. */
export function requireSent(connected: Connected, { hostname, port }: Peer): Connected {
  const unsent = connected.warnings.find(({ code }) => code === "EARLY_DATA_UNSENT");
  if (!unsent) return connected;
  connected.stream.close();
  throw new TlsError("EARLY_DATA_UNSENT", `${unsent.message} (${quoted({ hostname, port })})`, {
    hostname,
    port,
  });
}

/** Runs one race, and the handshake of its winner. */
async function open(
  settings: DialSettings & Kept,
  deadline: Deadline,
  plan: Plan,
  stages: Stages,
): Promise<Connected | Again> {
  const { makeEngine, resumption, stored, config, allowance } = plan;
  const { fastOpen } = settings;
  const earlyData = earlyDataOf(plan);
  let hello: Hello | undefined;
  try {
    const made = hello = new Hello({
      makeEngine,
      config,
      earlyData,
      fastOpen,
      allowance,
      onIgnored: (refusal) => allowance?.noteIgnored(refusedIn(made, refusal)),
    });
    const flight = (room: () => number) => made.firstFlight(room);
    const dialed = await dial(settings, deadline, flight, "first-byte", stages);
    return await shakeHands(plan, made, dialed, deadline);
  } catch (error) {
    hello?.free();
    // A ticket that was never sent can serve the next connection.
    if (!hello?.started && stored) resumption.putBack(stored);
    throw error;
  }
}

async function shakeHands(
  plan: Plan,
  hello: Hello,
  { link, startedAt, lookup }: Dialed,
  deadline: Deadline,
): Promise<Connected | Again> {
  const { hostname, port } = plan.config;
  const answered = link.provedAt - link.openedAt;
  const { rtt, outcome } = link.facts.fastOpen;
  learnThinkingTime(plan.config, link);
  const parts = plan.allowance ? hello.specialParts(link.carries) : [];
  const refused = link.refusal ? refusedIn(hello, link.refusal, parts) : [];
  const engine = hello.engineFor(link.carries);
  const hold = engine.earlyDataTaken > 0
    ? new FinishedHold(engine, { hostname, port }, () => rtt ?? answered, isWhole(plan, engine))
    : undefined;
  const stream = new TlsStream(link.arrived, engine, { hostname, port }, "client", hold);
  const patience = parts.length > 0
    ? longestSilence(answered, knownServer(plan.config))
    : undefined;
  const { earlyProtocol = hello.earlyProtocol } = plan;
  const earlier = earlyProtocol === undefined ? {} : { earlyProtocol };
  const again = (retry: Retry) => {
    hello.free();
    plan.warnings.push(refusedParts(retry.refused, retry.reason));
    return new Again({ ...ordinaryPlan(plan, hello.isLarge), ...earlier }, retry);
  };
  try {
    await completeHandshake(stream, engine, deadline, patience);
  } catch (error) {
    const isGivenUp = deadline.signal.aborted;
    if (isGivenUp) learnGivenUp(plan, parts, stream.lastByteAt);
    const retry = isGivenUp ? undefined : retryAfterFailure(parts, engine, error);
    if (retry) return again(retry);
    throw error;
  }
  if (link.refusal) learnRefusal(plan, refused, link.refusal.by);
  learnPause(plan.config, performance.now() - link.provedAt);
  const timing = {
    lookup,
    open: link.openedAt - startedAt,
    firstByte: link.provedAt - startedAt,
    secure: performance.now() - startedAt,
  };
  const weakness = retryAfterWeakHandshake(plan, engine);
  if (weakness !== undefined) {
    stream.close(); // The server has accepted no data yet.
    plan.warnings.push(refusedSession(weakness));
    return new Again({ ...withoutSession(plan), ...earlier });
  }
  if (hold) {
    try {
      await awaitAnswer(stream, hold, deadline);
    } catch (error) {
      const retry = deadline.signal.aborted ? undefined : retryUnanswered(error);
      if (retry) return again(retry);
      throw error;
    }
    hold.onUnanswered = (error) => learnUnanswered(plan, error);
  }
  sendRest(plan, stream, engine, earlyProtocol);
  plan.allowance?.noteTaken(outcome === "accepted" ? [...parts, "data in the SYN"] : parts);
  warnIfUnusable(plan, hello.offersSession);
  learnFromHandshake(plan, engine);
  warnIfTooLarge(plan, hello, link, engine);
  const { serverName } = plan.config;
  return { stream, facts: link.facts, timing, warnings: plan.warnings, serverName };
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
