/**
 * Turns settings and a transport into a connection whose handshake is complete. There is only one
 * connection: what would need a second one fails, and the next call knows.
 *
 * @module
 */

import { type Deadline, withDeadline } from "../../tcp/dial/deadline.ts";
import type { Destination } from "../../tcp/options.ts";
import type { Chosen } from "../choose_engine.ts";
import type { ClientEngine } from "../engine/contract.ts";
import type { TlsClientSettings } from "../options.ts";
import { TlsStream } from "../stream.ts";
import type { Transport } from "../transport.ts";
import type { Connected } from "./establish.ts";
import {
  awaitAnswer,
  completeHandshake,
  learnFromHandshake,
  sendRest,
  warnIfUnusable,
} from "./finish.ts";
import { FinishedHold } from "./finished_hold.ts";
import { Hello } from "./hello.ts";
import { earlyDataOf, isWhole, makePlan, type Plan } from "./plan.ts";
import { learnGivenUp, learnUnanswered } from "./refusals.ts";
import { retryAfterFailure } from "./retry.ts";
import type { SpecialPart } from "./special.ts";

/**
 * Starts TLS on a transport. Where the settings can't be used, the transport is left as it was; when
 * anything else fails, it is closed. `made` is a plan that was made before, when the early data were not
 * known yet.
 */
export async function establishOver(
  transport: Transport,
  settings: Destination & TlsClientSettings,
  chosen: Chosen,
  earlyData: Uint8Array | undefined,
  made?: Plan,
): Promise<Connected> {
  return await withDeadline(settings, async (deadline) => {
    let prepared: Prepared;
    try {
      prepared = await prepare(settings, chosen, earlyData, deadline, made);
    } catch (error) {
      if (deadline.signal.aborted) transport.close();
      else transport.release();
      throw error;
    }
    return await shakeHands(transport, prepared, deadline);
  });
}

/** A first flight that nobody has sent yet. */
interface Prepared {
  readonly startedAt: number;
  readonly plan: Plan;
  readonly hello: Hello;
  readonly flight: readonly Uint8Array[];
}

async function prepare(
  settings: Destination & TlsClientSettings,
  chosen: Chosen,
  earlyData: Uint8Array | undefined,
  deadline: Deadline,
  made: Plan | undefined,
): Promise<Prepared> {
  const startedAt = performance.now();
  const { hostname, port } = settings;
  const purpose = { fastOpen: false, earlyData };
  const plan = made
    ? { ...made, earlyData }
    : await makePlan(settings, { hostname, port }, chosen, deadline, purpose);
  const { makeEngine, config, allowance, stored, resumption } = plan;
  let hello: Hello | undefined;
  try {
    const early = earlyDataOf(plan);
    hello = new Hello({
      makeEngine,
      config,
      earlyData: early,
      fastOpen: false,
      allowance,
      onIgnored: () => {}, // Only a race doubts a flight before its end.
    });
    const { complete } = await hello.firstFlight(() => Infinity);
    deadline.signal.throwIfAborted();
    return { startedAt, plan, hello, flight: complete };
  } catch (error) {
    hello?.free();
    if (stored) resumption.putBack(stored); // It was never sent.
    throw error;
  }
}

async function shakeHands(
  transport: Transport,
  { startedAt, plan, hello, flight }: Prepared,
  deadline: Deadline,
): Promise<Connected> {
  const { allowance, stored, resumption, warnings } = plan;
  const { hostname, port } = plan.config;
  const peer = { hostname, port };
  const engine = hello.engineFor("complete");
  const parts = hello.specialParts("complete");
  let stream: TlsStream | undefined;
  let sentAt = NaN;
  const roundTrip = () => (stream?.firstByteAt ?? NaN) - sentAt;
  const hold = engine.earlyDataTaken > 0
    ? new FinishedHold(engine, peer, roundTrip, isWhole(plan, engine))
    : undefined;
  try {
    const arrived = transport.take();
    for (const piece of flight) arrived.wire.socket.write(piece);
    sentAt = performance.now();
    stream = new TlsStream(arrived, engine, peer, "client", hold);
    await completeHandshake(stream, engine, deadline);
  } catch (error) {
    engine.free();
    if (!stream || !transport.wasOpen) {
      // Nothing was sent: there is nothing that the server could have turned down.
      if (stored) resumption.putBack(stored);
      if (stream) deadline.stage = "its transport was still being connected";
      else transport.close();
      throw error;
    }
    learnFailure(plan, parts, engine, {
      error,
      isGivenUp: deadline.signal.aborted,
      since: stream.lastByteAt || sentAt + transport.roundTrip,
    });
    throw error;
  }
  if (hold) {
    try {
      await awaitAnswer(stream, hold, deadline);
    } catch (error) {
      if (!deadline.signal.aborted) learnUnanswered(plan, error);
      throw error;
    }
    hold.onUnanswered = (error) => learnUnanswered(plan, error);
  }
  const timing = {
    lookup: 0,
    open: 0,
    firstByte: stream.firstByteAt - startedAt,
    secure: performance.now() - startedAt,
  };
  sendRest(plan, stream, engine, hello.earlyProtocol);
  allowance?.noteTaken(parts);
  warnIfUnusable(plan, hello.offersSession);
  learnFromHandshake(plan, engine);
  const { serverName } = plan.config;
  return { stream, facts: transport.facts, timing, warnings, serverName };
}

/** There is no other connection to try again on, but the next one goes without what was refused. */
function learnFailure(
  plan: Plan,
  parts: readonly SpecialPart[],
  engine: ClientEngine,
  { error, isGivenUp, since }: { error: unknown; isGivenUp: boolean; since: number },
): void {
  if (isGivenUp) return learnGivenUp(plan, parts, since);
  const retry = retryAfterFailure(parts, engine, error);
  if (retry) plan.allowance?.noteRefused(retry.refused, retry.by);
}
