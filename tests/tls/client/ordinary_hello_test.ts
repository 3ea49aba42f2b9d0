import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { serverMemory } from "../../../mod.ts";
import { runtime } from "../../../runtimes/mod.ts";
import { featuresOf } from "../../../tls/engine/features.ts";
import { type Middlebox, netlabSkip, programArguments } from "../../netlab/mod.ts";
import { open } from "../../peers/exchange.ts";
import { HaproxySite } from "../../peers/haproxy.ts";
import { httpPut } from "../../peers/http.ts";
import { Peer, requirePeer } from "../../peers/peer.ts";
import { type Succeeded, succeeded } from "../../peers/remote_client.ts";
import { calls, request, type Scene, startScene } from "../../peers/scene.ts";
import { flowsIn } from "../../peers/wire.ts";

const skip = netlabSkip() || requirePeer("nginx", "openssl");

type MindHello = Extract<Middlebox, { kind: "mind-hello" }>;

/** Makes a hello that is too large for the SYN of a path with small segments, and is made lean. */
const large = { sessions: false, alpnProtocols: ["x".repeat(244), "http/1.1"] };
const smallSegments: Middlebox = { kind: "clamp-mss", mss: 536 };

/** What is special, what is on the path from the start, and what `serverMemory` calls it. */
const specials = {
  "a lean hello": { minds: "no-session-id", options: large, boxes: [smallSegments] },
  "a ticket": { minds: "ticket", options: {}, boxes: [] },
  "early data": { minds: "early-data", options: {}, boxes: [] },
} as const;

const parts = { "no-session-id": "lean hello", ticket: "session", "early-data": "early data" };

/** When the first probe is due, in milliseconds; tickets outlive it. */
const NEXT_PROBE = 10_000;

interface Observed extends Succeeded {
  /** How many connections it took. */
  readonly flows: number;
  /** The codes of the warnings that something was turned down. */
  readonly refused: readonly string[];
}

async function observed({ lab, client }: Scene, options: object): Promise<Observed> {
  await lab.clearPackets();
  const answer = await calls.connectTls(client, lab.server.ipv4, options);
  const refused = (answer.warnings ?? []).map(({ code }) => code as string)
    .filter((code) => code.endsWith("_REFUSED"));
  return { ...answer, refused, flows: flowsIn(await lab.packets()).length };
}

/** Two calls, after which the client has a cookie, a ticket and an idea of the server. */
async function acquainted(scene: Scene, options: object): Promise<void> {
  for (const expected of ["cookie-requested", "accepted"]) {
    assert.equal((await observed(scene, options)).fastOpen.outcome, expected);
  }
}

for (const [what, { minds, options, boxes }] of Object.entries(specials)) {
  for (const by of ["reset", "close", "alert", "silence", "loss"] as const) {
    test(`${what} is answered by ${by}: the call goes on with an ordinary hello`, {
      skip,
    }, async () => {
      await using scene = await startScene({ rtt: 35, middleboxes: boxes });
      const { lab, client, nginx } = scene;
      await acquainted(scene, options);
      const box: MindHello = { kind: "mind-hello", minds, by };
      await lab.setMiddleboxes([...boxes, box]);

      const first = await observed(scene, options);
      // Of a flight that was not even acknowledged, a smaller part is tried first: the ticket.
      const isLost = by === "loss" && minds !== "no-session-id";
      assert.equal(first.flows, isLost && minds === "ticket" ? 3 : 2);
      const isSession = minds === "ticket" || (minds === "early-data" && !isLost);
      const warned = isSession ? "SESSION_REFUSED" : "HELLO_REFUSED";
      assert.deepEqual(first.refused, [warned]);

      const second = await observed(scene, options);
      assert.deepEqual([second.flows, second.refused], [1, []]);
      const [server] = await client.servers();
      const told = server?.spared.find(({ part }) => part === parts[minds]);
      assert.equal(told?.by, by === "loss" ? "silence" : by);
      assert.equal(told.times, 1);
      assert.equal((await client.paths())[0]?.blocked, undefined);

      await lab.setMiddleboxes(boxes);
      const healed = [];
      for (let round = 0; round < 3; round++) {
        await client.wait(NEXT_PROBE);
        healed.push(await observed(scene, options));
      }
      assert.ok(healed.every(({ flows, refused }) => flows === 1 && refused.length === 0));
      assert.deepEqual((await client.servers())[0]?.spared, []);
      if (minds === "early-data") assert.equal(healed.at(-1)?.earlyData, "accepted");
      assert.equal(healed.at(-1)?.fastOpen.outcome, "accepted");

      // Each request arrived once.
      assert.equal((await nginx.requests(7)).length, 7);
    });
  }
}

test("one record of the answer, then silence: the call goes on with an ordinary hello", {
  skip,
}, async () => {
  await using scene = await startScene({ rtt: 35 });
  const { lab } = scene;
  await acquainted(scene, {});
  await lab.setMiddleboxes([{
    kind: "mind-hello",
    minds: "ticket",
    by: "silence",
    when: "first-record",
  }]);
  const first = await observed(scene, {});
  assert.deepEqual([first.flows, first.resumed], [2, false]);
  const second = await observed(scene, {});
  assert.deepEqual([second.flows, second.resumed], [1, false]);
});

test("a part that is still minded is probed ever more rarely", { skip }, async () => {
  await using scene = await startScene({ rtt: 35 });
  const { lab, client } = scene;
  await acquainted(scene, {});
  await lab.setMiddleboxes([{ kind: "mind-hello", minds: "early-data", by: "reset" }]);
  const timesOf = async () => {
    const spared = (await client.servers())[0]?.spared ?? [];
    return spared.map(({ part, times }) => `${part} ${times}`);
  };
  await observed(scene, {});
  // Nobody can tell which of the two was minded.
  assert.deepEqual(await timesOf(), ["early data 1", "session 1"]);
  await client.wait(10_000);
  assert.equal((await observed(scene, {})).resumed, true); // The session alone is probed first.
  assert.deepEqual(await timesOf(), ["early data 1"]);
  assert.equal((await observed(scene, {})).flows, 2);
  assert.deepEqual(await timesOf(), ["early data 2"]);
  await client.wait(10_000);
  const spared = await observed(scene, {});
  assert.deepEqual([spared.flows, spared.resumed, spared.earlyData], [1, true, "not-sent"]);
});

test("calls without early data leave the probe of early data to one that has them", {
  skip,
}, async () => {
  await using scene = await startScene({ rtt: 35 });
  const { lab, client } = scene;
  await acquainted(scene, {});
  await lab.setMiddleboxes([{ kind: "mind-hello", minds: "early-data", by: "reset" }]);
  await observed(scene, {});
  await lab.setMiddleboxes([]);
  for (let round = 0; round < 2; round++) {
    await client.wait(NEXT_PROBE);
    const late = await client.connectTls({ hostname: lab.server.ipv4 }, { send: request });
    assert.equal(succeeded(late).resumed, true); // Which was a probe the first time.
  }
  assert.equal((await observed(scene, {})).earlyData, "accepted");
});

test("a SYN that is acknowledged late is watched all the same", { skip }, async () => {
  await using scene = await startScene({ rtt: 35 });
  const { lab, client } = scene;
  const options = { fastOpen: false };
  for (const resumed of [false, true]) {
    assert.equal((await observed(scene, options)).resumed, resumed);
  }
  await lab.setMiddleboxes([{ kind: "blackhole", destination: lab.server.ipv4 }]);
  const call = observed(scene, { ...options, connectTimeout: 5_000 });
  await sleep(500); // The kernel sends the SYN again after a second.
  await lab.setMiddleboxes([{ kind: "mind-hello", minds: "ticket", by: "silence" }]);
  const { flows, refused } = await call;
  assert.deepEqual([flows, refused], [2, ["SESSION_REFUSED"]]);
  assert.equal((await client.paths())[0]?.blocked, undefined);
});

test("a router that reads once: a large hello is not cut in two again", { skip }, async () => {
  const hybrid = runtime.exportsOpenssl;
  // Without a post-quantum share a hello is as large only with many protocols.
  const names = Array.from({ length: 130 }, (_, index) => `proto/${1000 + index}`);
  const options = {
    sessions: false as const,
    ...(hybrid ? {} : { alpnProtocols: ["http/1.1", ...names] }),
  };
  await using scene = await startScene({ rtt: 35 });
  const { lab, client, nginx } = scene;
  await calls.connect(client, lab.server.ipv4); // For the cookie.
  const box: MindHello = { kind: "mind-hello", minds: "large", largerThan: 1_448, by: "reset" };
  await lab.setMiddleboxes([box]);
  if (hybrid) {
    assert.equal((await observed(scene, options)).flows, 2);
    const second = await observed(scene, options);
    assert.deepEqual([second.flows, second.fastOpen.outcome], [1, "accepted"]);
    assert.equal((await nginx.requests(3)).length, 3);
  } else {
    // Nothing can be left out. But the path is not blamed for it, nor other ports.
    await client.connectTls({ hostname: lab.server.ipv4, ...options });
  }
  assert.equal((await client.paths())[0]?.blocked, undefined);
});

test(
  "the path's packets shrink, and nobody says so: each call gets through",
  { skip },
  async () => {
    await using scene = await startScene({ rtt: 35 });
    const { lab, client, nginx } = scene;
    const early = `GET /facts HTTP/1.1\r\nHost: localhost\r\nX: ${
      "x".repeat(900)
    }\r\nConnection: close\r\n\r\n`;
    const call = async () => {
      const { error, received = "", fastOpen } = await client.connectTls(
        { hostname: lab.server.ipv4 },
        { early },
      );
      assert.equal(error, undefined, JSON.stringify(error));
      assert.match(received, /^HTTP\/1\.1 200 OK/);
      return fastOpen?.outcome;
    };
    await call();
    await call();
    await lab.setMiddleboxes([{ kind: "mtu", mtu: 1_300, isMute: true }]);
    for (let round = 0; round < 3; round++) assert.equal(await call(), "blocked");
    assert.equal((await nginx.requests(5)).length, 5);
  },
);

if (featuresOf("runtime").resumption) {
  test("a ticket that the runtime's own TLS offers", { skip }, async () => {
    await using scene = await startScene({ rtt: 35 });
    const { lab, client } = scene;
    const ask = async () => {
      await lab.clearPackets();
      const target = { hostname: lab.server.ipv4, engine: "runtime" as const };
      const { resumed } = succeeded(await client.connectTls(target, { send: request }));
      return [flowsIn(await lab.packets()).length, resumed];
    };
    assert.deepEqual(await ask(), [1, false]);
    for (const by of ["reset", "silence"] as const) {
      assert.deepEqual(await ask(), [1, true]);
      await lab.setMiddleboxes([{ kind: "mind-hello", minds: "ticket", by }]);
      assert.deepEqual(await ask(), [2, false]);
      assert.deepEqual(await ask(), [1, false]);
      await lab.setMiddleboxes([]);
      await client.wait(NEXT_PROBE);
    }
  });
}

test("a slow server that takes one connection at a time gets one connection per call", {
  skip,
}, async () => {
  await using scene = await startScene({ rtt: 35 });
  const { lab, client } = scene;
  const program = new URL("../../fixtures/one_at_a_time.ts", import.meta.url);
  const args = programArguments(program, lab.server.ipv4, "444", "443", "1500");
  await using server = new Peer(lab.server, process.execPath, args);
  await server.saw(/Fast Open true/);
  const outcomes = [];
  for (let round = 0; round < 3; round++) {
    const { fastOpen } = await calls.connectTls(client, lab.server.ipv4, { port: 444 });
    outcomes.push(fastOpen.outcome);
  }
  assert.deepEqual(outcomes, ["cookie-requested", "accepted", "accepted"]);
  assert.equal(server.output.match(/opened/g)?.length, 3);
});

test("a ticket that promises more early data than is taken: the request is sent again", {
  skip: requirePeer("haproxy", "openssl"),
}, async () => {
  using site = await HaproxySite.make();
  const earlyData = httpPut("/", new Uint8Array(6_000).fill(0x61));
  const ask = async () => {
    using conn = await open({ port: site.port, earlyData });
    const chunk = new Uint8Array(1_000);
    const length = await conn.read(chunk);
    assert.match(new TextDecoder().decode(chunk.subarray(0, length ?? 0)), /^HTTP\/1\.1 200 /);
    return [conn.earlyData, conn.warnings.map(({ code }) => code)];
  };
  {
    await using _large = await site.start(16_384);
    assert.deepEqual(await ask(), ["not-sent", []]);
    assert.deepEqual(await ask(), ["accepted", []]);
    assert.deepEqual(await ask(), ["accepted", []]);
    assert.deepEqual(await ask(), ["not-sent", []]); // HAProxy gives two tickets per full handshake.
  }
  await using _small = await site.start(4_096);
  assert.deepEqual(await ask(), ["not-sent", ["HELLO_REFUSED"]]);
  assert.deepEqual(await ask(), ["not-sent", []]);
  const server = serverMemory.entries().find(({ port }) => port === site.port);
  assert.deepEqual(server?.spared.map(({ part }) => part), ["early data"]);
});
