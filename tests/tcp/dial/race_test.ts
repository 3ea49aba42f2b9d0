import assert from "node:assert/strict";
import { test } from "node:test";
import type { FastOpenOutcome, FastOpenResult } from "../../../mod.ts";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Aftermath } from "../../fixtures/storm.ts";
import {
  type Middlebox,
  netlabSkip,
  programArguments,
  type SeenPacket,
  startSilentServer,
} from "../../netlab/mod.ts";
import { certificates } from "../../peers/certificates.ts";
import { Peer, requirePeer } from "../../peers/peer.ts";
import { succeeded } from "../../peers/remote_client.ts";
import { calls, request, type Scene, startScene } from "../../peers/scene.ts";
import { flowsIn } from "../../peers/wire.ts";

const skip = netlabSkip() || requirePeer("nginx", "openssl");

/** Addresses that nobody has, in the resolver's order, and one that somebody has. */
const DEAD = ["10.77.0.3", "10.77.0.66"];
const LIVE = ["10.77.0.2"];

/** How long a blocked path's next probe is away, at first and at most. */
const FIRST_PROBE = 10_000;
const NEXT_PROBE = 3_600_000;

const synsIn = (packets: readonly SeenPacket[]) => packets.filter(({ flags }) => flags === "S");

/** A client that has a cookie, a session and a round-trip time for `hostname`. */
async function acquainted(
  call: keyof typeof calls,
  { lab, client }: Scene,
  hostname: string,
): Promise<void> {
  for (const expected of ["cookie-requested", "accepted"] as const) {
    const { fastOpen } = await calls[call](client, hostname);
    assert.equal(fastOpen.outcome, expected);
  }
  await lab.clearPackets();
}

/** Connects, and tells what became of it and what the link saw of it. */
async function observed(
  call: keyof typeof calls,
  { lab, client }: Scene,
  hostname: string,
): Promise<{ fastOpen: FastOpenResult; earlyData: string | undefined; syns: SeenPacket[] }> {
  await lab.clearPackets();
  const { fastOpen, earlyData } = await calls[call](client, hostname);
  return { fastOpen, earlyData, syns: synsIn(await lab.packets()) };
}

for (const call of ["connectTls", "connect"] as const) {
  for (const family of ["ipv4", "ipv6"] as const) {
    test(`${call} over ${family}: SYNs with data are lost once, and then spared`, {
      skip,
    }, async () => {
      await using scene = await startScene({ rtt: 35 });
      const { lab, nginx, client } = scene;
      const hostname = lab.server[family];
      await acquainted(call, scene, hostname);
      await lab.setMiddleboxes([{ kind: "drop-syn-data" }]);

      const first = await observed(call, scene, hostname);
      assert.equal(first.fastOpen.outcome, "blocked");
      assert.match(first.fastOpen.reason ?? "", /no answer to the SYN/);
      assert.ok(first.fastOpen.synBytes > 0);
      assert.equal(first.fastOpen.synBytes, first.fastOpen.flightBytes);
      const [lost, plain, ...more] = first.syns;
      assert.ok(lost && plain && more.length === 0, `${first.syns.length} SYNs`);
      assert.deepEqual([lost.payload, lost.dropped], [first.fastOpen.synBytes, true]);
      assert.deepEqual([plain.payload, plain.fastOpenOption], [0, "none"]);
      // After two round trips, and before the kernel's second.
      const doubted = plain.at - lost.at;
      assert.ok(doubted >= 2 * 35 && doubted < 900, `doubted after ${doubted} ms`);

      const second = await observed(call, scene, hostname);
      assert.deepEqual([second.fastOpen.outcome, second.fastOpen.synBytes], ["blocked", 0]);
      assert.match(second.fastOpen.reason ?? "", /before/);
      assert.equal(second.syns.length, 1);
      assert.deepEqual([second.syns[0]?.payload, second.syns[0]?.fastOpenOption], [0, "none"]);
      const [path] = await client.paths();
      assert.equal(path?.address, hostname);
      assert.equal(path.blocked?.times, 1);

      // Nothing was lost, and nothing arrived twice.
      assert.equal((await nginx.requests(4)).length, 4);
    });
  }

  test(`${call}: a blocked path is probed beside a plain attempt until it has healed`, {
    skip,
  }, async () => {
    await using scene = await startScene({ rtt: 35 });
    const { lab, client } = scene;
    const hostname = lab.server.ipv4;
    await acquainted(call, scene, hostname);
    await lab.setMiddleboxes([{ kind: "drop-syn-data" }]);
    await observed(call, scene, hostname);
    for (const times of [2, 3]) {
      await client.wait(NEXT_PROBE);
      const { fastOpen, syns } = await observed(call, scene, hostname);
      assert.equal(fastOpen.outcome, "blocked");
      assert.equal(syns.length, 2);
      const [probe, plain] = syns as [SeenPacket, SeenPacket];
      assert.ok(probe.payload > 0 && probe.dropped);
      assert.ok(plain.at - probe.at < 20, "the plain attempt waited for the probe");
      assert.equal((await client.paths())[0]?.blocked?.times, times);
    }
    await lab.setMiddleboxes([]);
    assert.equal((await observed(call, scene, hostname)).fastOpen.outcome, "blocked");
    await client.wait(NEXT_PROBE);
    const healed: FastOpenOutcome[] = [];
    for (let round = 0; round < 3; round++) {
      healed.push((await observed(call, scene, hostname)).fastOpen.outcome);
    }
    assert.deepEqual(healed, ["accepted", "accepted", "accepted"]);
    assert.equal((await client.paths())[0]?.blocked, undefined);
  });

  test(`${call}: a reset for the SYN with data`, { skip }, async () => {
    await using scene = await startScene();
    const { lab, client } = scene;
    const hostname = lab.server.ipv4;
    await acquainted(call, scene, hostname);
    await lab.setMiddleboxes([{ kind: "reset-syn-data" }]);
    const first = await observed(call, scene, hostname);
    assert.equal(first.fastOpen.outcome, "blocked");
    assert.match(first.fastOpen.reason ?? "", /ECONN(REFUSED|RESET)|EPIPE/);
    assert.equal(first.syns.length, 2);
    const second = await observed(call, scene, hostname);
    assert.deepEqual([second.fastOpen.outcome, second.syns.length], ["blocked", 1]);
    await client.wait(NEXT_PROBE);
    const probing = await observed(call, scene, hostname);
    // The probe and the plain attempt beside it; the probe's end asks for no other.
    assert.deepEqual([probing.fastOpen.outcome, probing.syns.length], ["blocked", 2]);
  });

  test(`${call}: SYNs with the mere option are lost`, { skip }, async () => {
    await using scene = await startScene({ middleboxes: [{ kind: "drop-option" }] });
    const first = await observed(call, scene, scene.lab.server.ipv4);
    assert.deepEqual([first.fastOpen.outcome, first.fastOpen.synBytes], ["blocked", 0]);
    const [asking, plain, ...more] = first.syns;
    assert.equal(more.length, 0);
    assert.deepEqual([asking?.fastOpenOption, plain?.fastOpenOption], ["request", "none"]);
    const second = await observed(call, scene, scene.lab.server.ipv4);
    assert.deepEqual([second.fastOpen.outcome, second.syns.length], ["blocked", 1]);
  });
}

for (
  const [path, bound, rtt, least, most] of [
    ["short", "20 ms all the same", 1, 20, 200],
    // Two round trips would be longer; the kernel's own SYN without data leaves after a second, too.
    ["long", "no longer than a second", 600, 990, 1_190],
  ] as const
) {
  test(`over a ${path} path the next attempt waits ${bound}`, { skip }, async () => {
    await using scene = await startScene({ rtt });
    const { lab } = scene;
    const hostname = lab.server.ipv4;
    await acquainted("connect", scene, hostname);
    await lab.setMiddleboxes([{ kind: "drop-syn-data" }]);
    await lab.clearPackets();
    await calls.connect(scene.client, hostname);
    const [first, second] = flowsIn(await lab.packets()).map(({ syns }) => syns[0]!);
    assert.ok(first && second && first.payload > 0 && second.payload === 0);
    const waited = second.at - first.at;
    assert.ok(waited >= least && waited < most, `the second came after ${waited} ms`);
  });
}

test("early data go to one attempt, and again when that is lost", { skip }, async () => {
  await using scene = await startScene({ rtt: 35 });
  const { lab, nginx } = scene;
  const hostname = lab.server.ipv4;
  await acquainted("connectTls", scene, hostname);
  assert.equal((await observed("connectTls", scene, hostname)).earlyData, "accepted");
  await lab.setMiddleboxes([{ kind: "drop-syn-data" }]);
  const first = await observed("connectTls", scene, hostname);
  assert.deepEqual([first.fastOpen.outcome, first.earlyData], ["blocked", "not-sent"]);
  // On a path known to be bad the plain attempt is the only one, and takes them.
  const second = await observed("connectTls", scene, hostname);
  assert.deepEqual([second.fastOpen.outcome, second.earlyData], ["blocked", "accepted"]);
  // In a probe they go with the plain attempt, which is the likely winner.
  await scene.client.wait(FIRST_PROBE);
  const third = await observed("connectTls", scene, hostname);
  assert.deepEqual([third.fastOpen.outcome, third.earlyData], ["blocked", "accepted"]);
  assert.equal((await nginx.requests(6)).length, 6);
});

/** An address of the client's own, where nothing listens unless a test starts it. */
const OWN = "10.77.0.1";
const names = { "two.test": [OWN, "10.77.0.2"] };

test("an address that refuses leaves the whole flight to the next", { skip }, async () => {
  await using scene = await startScene({ names });
  const { lab, client } = scene;
  for (const [outcome, early] of [["cookie-requested", "not-sent"], ["accepted", "accepted"]]) {
    await lab.clearPackets();
    const options = { serverName: "localhost" };
    const answer = await calls.connectTls(client, "two.test", options);
    assert.deepEqual([answer.fastOpen.outcome, answer.earlyData], [outcome, early]);
    assert.equal(answer.remoteAddr.hostname, lab.server.ipv4);
    assert.equal(synsIn(await lab.packets()).length, 1);
  }
});

test("a host that accepts and stays silent leaves the connection to the next", {
  skip,
}, async () => {
  await using scene = await startScene({ names });
  const { lab, client } = scene;
  await startSilentServer(lab.client, OWN, 443);
  for (let round = 0; round < 2; round++) {
    const answer = await calls.connectTls(client, "two.test", { serverName: "localhost" });
    assert.equal(answer.remoteAddr.hostname, lab.server.ipv4);
  }
});

for (
  const [what, addresses] of [
    ["IPv4", ["10.77.0.3", "10.77.0.2"]],
    ["IPv6 beside a live IPv4", ["2001:db8:77::3", "10.77.0.2"]],
  ] as const
) {
  test(`a dead ${what} comes first: the next one starts when it has been silent`, {
    skip,
  }, async () => {
    await using scene = await startScene({ rtt: 35, names: { "two.test": addresses } });
    const { lab, client } = scene;
    await lab.client.addAddress("2001:db8:77::1");
    assert.deepEqual(await client.lookup("two.test"), addresses);
    for (const call of ["connect", "connectTls"] as const) {
      await lab.clearPackets();
      const { remoteAddr } = await calls[call](client, "two.test", { serverName: "localhost" });
      assert.equal(remoteAddr.hostname, addresses[1]);
      const [dead, alive, ...more] = synsIn(await lab.packets());
      assert.equal(more.length, 0);
      assert.deepEqual([dead?.destination, alive?.destination], addresses);
      const waited = alive!.at - dead!.at;
      assert.ok(waited >= 249 && waited < 900, `the second came after ${waited} ms`);
    }
  });
}

test("a healthy path sees one SYN per connection, however busy the client is", {
  skip,
}, async () => {
  await using scene = await startScene({ rtt: 35 });
  const { lab, client } = scene;
  await acquainted("connectTls", scene, lab.server.ipv4);
  for (let round = 0; round < 5; round++) {
    await calls.connectTls(client, lab.server.ipv4);
    const early = request;
    const busy = { early, busyFor: 200 };
    const answer = succeeded(await client.connectTls({ hostname: lab.server.ipv4 }, busy));
    assert.equal(answer.fastOpen.outcome, "accepted");
  }
  const flows = flowsIn(await lab.packets());
  assert.equal(flows.length, 10);
  assert.ok(flows.every(({ syns }) => syns.length === 1));
});

const ends = [
  ["an abort while two dead addresses race", DEAD, {}, { abortAfter: 400 }, "TimeoutError"],
  ["a time-out while they race", DEAD, { connectTimeout: 400 }, {}, "TIMED_OUT"],
  ["less time than a round trip", LIVE, { connectTimeout: 20 }, {}, "TIMED_OUT"],
  ["less time than it takes to send anything", LIVE, { connectTimeout: 0.001 }, {}, "TIMED_OUT"],
] as const;

/** Ends connections before they stand; resolves to the packets of the time afterwards. */
async function endEarly([, addresses, options, exchange, code]: typeof ends[number]) {
  await using scene = await startScene({ rtt: 35, names: { "some.test": addresses } });
  const { lab, client } = scene;
  for (const call of ["connect", "connectTls"] as const) {
    const { error } = await client[call]({ hostname: "some.test", ...options }, exchange);
    assert.ok(error && [error.code, error.name].includes(code), error?.message ?? "no error");
    if (code === "TIMED_OUT") assert.match(error.message, /"some\.test:\d+" within/);
  }
  await sleep(200); // What had left before is still on its way back.
  await lab.clearPackets();
  await sleep(1_500); // The kernel would send a SYN again after a second.
  return await lab.packets();
}

/** All of them wait for packets at the same time. */
let endings: Promise<PromiseSettledResult<SeenPacket[]>[]> | undefined;

for (const [index, [what]] of ends.entries()) {
  test(`${what}: told, and nothing goes on`, { skip }, async () => {
    endings ??= Promise.allSettled(ends.map(endEarly));
    const ending = (await endings)[index];
    if (ending?.status !== "fulfilled") throw ending?.reason;
    assert.deepEqual(ending.value, []);
  });
}

test("1,000 connections over a path that loses and flaps: each ends, and nothing is left", {
  skip,
}, async () => {
  await using scene = await startScene({ rtt: 10 });
  const { lab } = scene;
  const target = { hostname: lab.server.ipv4, port: 443, caCerts: [certificates().ca] };
  const program = new URL("../../fixtures/storm.ts", import.meta.url);
  const args = programArguments(program, JSON.stringify(target), "1000");
  await using storm = new Peer(lab.client, process.execPath, args);
  const aftermath = storm.until("aftermath", () => /^{.*}$/m.exec(storm.output), 90_000);
  let over = false;
  const weather = async () => {
    const boxes: Middlebox[] = [
      { kind: "drop-syn-data" },
      { kind: "strip-syn-data" },
      { kind: "reset-syn-data" },
      { kind: "strip-option" },
      { kind: "drop-option" },
    ];
    for (let round = 0; !over; round++) {
      const box = boxes[(round >> 1) % boxes.length]!;
      const loss: Middlebox = { kind: "loss", share: 0.05, seed: round + 1 };
      await lab.setMiddleboxes(round % 2 === 0 ? [loss] : [loss, box]);
      await sleep(150);
    }
  };
  const blowing = weather();
  const [said = ""] = await aftermath.finally(() => over = true);
  const { ends, descriptors, nativeObjects, paths }: Aftermath = JSON.parse(said);
  await blowing;
  assert.equal(Object.values(ends).reduce((sum, count) => sum + count), 1000);
  // A reset meets early data that nginx has answered, and closed over, before it gets the Finished.
  const known = /^(accepted|cookie-requested|ignored|blocked|aborted|TIMED_OUT|CONNECTION_RESET)$/;
  assert.deepEqual(Object.keys(ends).filter((end) => !known.test(end)), []);
  assert.ok((ends["CONNECTION_RESET"] ?? 0) < 50, JSON.stringify(ends));
  for (const outcome of ["accepted", "blocked"]) {
    assert.ok((ends[outcome] ?? 0) > 10, JSON.stringify(ends));
  }
  assert.deepEqual(descriptors, []);
  assert.ok(Object.values(nativeObjects).every((count) => count === 0));
  assert.equal(paths, 1);
  assert.equal(await storm.finished(), 0); // No timer keeps it.
});
