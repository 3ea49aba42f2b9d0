/**
 * Answers to early data from a server that closes after them: whole, however large, also where packets get
 * lost. nginx answers before it has the client's Finished, and resets where that comes too late.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { netlabSkip } from "../../netlab/mod.ts";
import { requirePeer } from "../../peers/peer.ts";
import { httpRequest } from "../../peers/http.ts";
import { type Succeeded, succeeded } from "../../peers/remote_client.ts";
import { type Scene, startScene } from "../../peers/scene.ts";

const skip = netlabSkip() || requirePeer("nginx");

/** One exchange; the answer has `size` bytes of body. */
async function get({ lab, nginx, client }: Scene, size: number): Promise<Succeeded> {
  nginx.serveZeros(`${size}`, size);
  const early = httpRequest(`/upload/${size}`);
  const answer = succeeded(await client.connectTls({ hostname: lab.server.ipv4 }, { early }));
  assert.match(answer.received, /^HTTP\/1\.1 200 OK\r\n/);
  const head = answer.received.indexOf("\r\n\r\n") + 4;
  assert.equal(answer.receivedBytes - head, size);
  return answer;
}

/** Until `count` exchanges were early; returns how many it took. */
async function getEarly(scene: Scene, size: number, count: number): Promise<void> {
  let early = 0;
  for (let tries = 0; early < count; tries++) {
    assert.ok(tries < 3 * count + 3, `only ${early} of ${tries} were early`);
    const { earlyData } = await get(scene, size);
    if (earlyData === "accepted") early++;
  }
}

for (const size of [1_000, 9_000, 20_000, 60_000, 200_000, 1_000_000]) {
  test(`an early answer of ${size} bytes is whole, though the server closes after it`, {
    skip,
  }, async () => {
    await using scene = await startScene({ rtt: 35 });
    await getEarly(scene, size, 6);
  });
}

for (const size of [9_000, 60_000]) {
  test(`an early answer of ${size} bytes is whole where 1 % of the packets get lost`, {
    skip,
  }, async () => {
    await using scene = await startScene({ rtt: 20 });
    await get(scene, 1); // The cookie
    await scene.lab.setMiddleboxes([{ kind: "loss", share: 0.01 }]);
    await getEarly(scene, size, 12);
  });
}

test("a new process, which knows nothing of the server, gets whole answers, too", {
  skip,
}, async () => {
  await using scene = await startScene({ rtt: 35 });
  await getEarly(scene, 20_000, 1); // The first early one of a process.
});

test("each early connection that is closed after its answer leaves a ticket for the next", {
  skip,
}, async () => {
  await using scene = await startScene({ rtt: 20 });
  const { lab, nginx, client } = scene;
  nginx.serveZeros("page", 5_000);
  const early = "GET /upload/page HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const outcomes: string[] = [];
  // The full handshake brings two tickets, so that four connections would not be early without others.
  for (let round = 0; round < 12; round++) {
    const options = { hostname: lab.server.ipv4 };
    const answer = succeeded(await client.connectTls(options, { early, receive: 5_000 }));
    outcomes.push(answer.earlyData ?? "");
    await client.wait(30); // A round trip, for the ticket to come.
  }
  assert.deepEqual(outcomes, ["not-sent", ...Array<string>(11).fill("accepted")]);
});
