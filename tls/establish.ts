/**
 * From options to a connection whose handshake is complete: one race, or two.
 *
 * @module
 */

import { type Deadline, withDeadline } from "../tcp/deadline.ts";
import { dial } from "../tcp/dial.ts";
import type { DialOptions } from "../tcp/options.ts";
import { milderPlan, TryAgain } from "./again.ts";
import type { TlsKnown } from "./conn.ts";
import type { Chosen } from "./engines.ts";
import { finish } from "./finish.ts";
import { Hello } from "./hello.ts";
import { knownServer } from "./known_servers.ts";
import type { TlsClientOptions } from "./options.ts";
import { makePlan, type Plan } from "./plan.ts";
import { TlsStream } from "./stream.ts";
import { tooLarge } from "./warnings.ts";

/** A connection that stands, and what is known of it. */
export interface Connected extends TlsKnown {
  readonly stream: TlsStream;
}

/** Connects, a second time where what made the first hello small did not go down well. */
export async function establish(
  options: DialOptions & TlsClientOptions,
  chosen: Chosen,
  earlyData: Uint8Array | undefined,
): Promise<Connected> {
  const { hostname, port } = options;
  return await withDeadline(options, async (deadline) => {
    let plan = await makePlan(options, { hostname, port }, chosen, deadline, earlyData);
    for (;;) {
      try {
        return await open(options, deadline, plan);
      } catch (error) {
        if (!(error instanceof TryAgain)) throw error;
        plan = error.plan;
      }
    }
  });
}

/** One race. */
async function open(options: DialOptions, deadline: Deadline, plan: Plan): Promise<Connected> {
  const { hostname, port } = options;
  const { makeEngine, resumption, stored, earlyData, fit, warnings } = plan;
  const config = { ...plan.config, session: stored?.session };
  const server = knownServer(hostname, port);
  const hello = new Hello({ makeEngine, config, earlyData, fit, server });
  try {
    const { link, startedAt, lookup } = await dial(
      options,
      deadline,
      (room) => hello.firstFlight(room),
      "first-byte",
    );
    const engine = hello.engineFor(link);
    const stream = new TlsStream(link.arrived.wire, engine, { hostname, port }, "client");
    stream.begin(link.arrived);
    try {
      await finish(stream, engine, deadline, plan);
    } catch (error) {
      const milder = deadline.signal.aborted ? undefined : milderPlan(plan, hello, engine, error);
      throw milder ? new TryAgain(milder) : error;
    }
    const { outcome, synBytes } = link.facts.fastOpen;
    if (config.forSyn && outcome === "accepted" && synBytes < hello.length) {
      warnings.push(tooLarge({ hello: hello.length, room: synBytes }, engine.info().group));
    }
    const timing = {
      lookup,
      open: link.openedAt - startedAt,
      firstByte: link.provedAt - startedAt,
      secure: performance.now() - startedAt,
    };
    return { stream, facts: link.facts, timing, warnings };
  } catch (error) {
    hello.free();
    // A ticket that never left can serve the next connection.
    if (!hello.started && stored) resumption.putBack(stored);
    throw error;
  }
}
