/** Flights for further attempts that can't be made, as when a library fails in between. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { startRawServer } from "../../fixtures/hostile_server.ts";
import type { FirstFlight } from "../../../tcp/dial/first_flight.ts";
import { type Link, race } from "../../../tcp/dial/race.ts";
import type { Socket } from "node:net";

const failure = new Error("no other flight");
const fail = () => {
  throw failure;
};

/** A flight that is turned down soon, and that nothing can take the place of. */
const flight: FirstFlight = {
  complete: [new Uint8Array(10)],
  repeatable: fail,
  ordinary: fail,
  thinkingTime: { expected: 50, beforeOthers: 50, beforeOrdinary: 50 },
};

async function raceTo(behave: (socket: Socket) => void, options = flight): Promise<Link> {
  await using server = await startRawServer(behave);
  const address = { ip: server.hostname, port: server.port, family: 4 } as const;
  const signal = AbortSignal.timeout(10_000); // A race that nobody ends must not keep the test.
  const link = await race([address], {
    from: undefined,
    flight: options,
    fastOpen: false,
    until: "first-byte",
    signal,
  });
  link.arrived.wire.destroy();
  return link;
}

test("a flight that can't be made is the race's error, if no attempt is left", async () => {
  const reset = (socket: Socket) => void socket.once("data", () => socket.resetAndDestroy());
  await assert.rejects(raceTo(reset), failure);
  const late = { ...flight, ordinary: () => Promise.reject(failure) };
  await assert.rejects(raceTo(reset, late), failure);
});

test("a flight that can't be made leaves an attempt under way alone", async () => {
  const answerLate = (socket: Socket) =>
    void socket.once("data", async () => {
      await sleep(700); // More than the 250 ms for an unknown path, and the thinking time.
      socket.write("answer");
    });
  for (const ordinary of [fail, () => Promise.reject(failure)]) {
    const link = await raceTo(answerLate, { ...flight, ordinary });
    assert.equal(link.carries, "complete");
  }
});
