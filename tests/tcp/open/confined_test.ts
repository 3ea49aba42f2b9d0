/**
 * Rules of the kernel about `connect`: data in the SYN are no way around them.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { askChild } from "../../fixtures/hostile_child.ts";
import type { Confined, Confinement } from "../../fixtures/hostile_confined.ts";
import { landlockSkip } from "../../fixtures/landlock.ts";
import { netlabSkip } from "../../netlab/mod.ts";
import { certificates } from "../../peers/certificates.ts";
import { requirePeer } from "../../peers/peer.ts";
import { calls, type Scene, startScene } from "../../peers/scene.ts";
import { type Flow, flowsIn } from "../../peers/wire.ts";

const skip = netlabSkip() || requirePeer("nginx", "openssl");
const EACCES = 13;
const EPERM = 1;

/** Runs in a sandbox on the emulated network's client, and says what left for the network meanwhile. */
async function confined(
  { lab }: Scene,
  { hostname = lab.server.ipv4, ...confinement }: Partial<Confinement> & Pick<Confinement, "tries">,
): Promise<{ results: Confined[]; flows: Flow[] }> {
  await lab.clearPackets();
  const through = ["ip", "netns", "exec", lab.client.namespace];
  const given: Confinement = { hostname, caCerts: [certificates().ca], ...confinement };
  const results = await askChild<Confined[]>("confined", [JSON.stringify(given)], { through });
  // What is left of earlier connections may still arrive; whoever connects sends a SYN.
  return { results, flows: flowsIn(await lab.packets()) };
}

/** A scene whose client has a cookie for both addresses of the server. */
async function startFriendly(): Promise<Scene> {
  const scene = await startScene();
  for (const hostname of [scene.lab.server.ipv4, scene.lab.server.ipv6]) {
    await calls.connect(scene.client, hostname);
    assert.equal((await calls.connect(scene.client, hostname)).fastOpen.outcome, "accepted");
  }
  return scene;
}

const both = [{ call: "connect", port: 80 }, { call: "connectTls", port: 443 }] as const;

for (const family of ["ipv4", "ipv6"] as const) {
  test(`Landlock, ${family}: a port that is denied gets no packet, whatever the way`, {
    skip: skip || landlockSkip(),
  }, async () => {
    await using scene = await startFriendly();
    const hostname = scene.lab.server[family];
    for (const fastOpen of [true, false]) {
      const tries = [{ call: "node", port: 80 }, ...both] as const;
      const { results, flows } = await confined(scene, { hostname, ports: [1], tries, fastOpen });
      const [node, ...ours] = results;
      assert.match(node?.came ?? "", /^EACCES$/); // The runtime's own socket.
      for (const { came, errno, message = "" } of ours) {
        assert.equal(came, "PERMISSION_DENIED", message);
        assert.equal(errno, "EACCES", message);
        assert.match(message, /not permitted, by a sandbox/);
      }
      assert.deepEqual(flows, []);
    }
    // A port that is allowed has its data in the SYN as before.
    const { results, flows } = await confined(scene, { hostname, ports: [80, 443], tries: both });
    assert.deepEqual(results.map(({ came }) => came), ["accepted", "accepted"]);
    assert.equal(flows.length, 2);
    assert.ok(flows.every(({ syns }) => (syns[0]?.payload ?? 0) > 0));
  });
}

test("seccomp: where connect is refused, so is data in the SYN", { skip }, async () => {
  await using scene = await startFriendly();
  const { results, flows } = await confined(scene, { sandbox: { connect: EACCES }, tries: both });
  for (const { came, errno } of results) {
    assert.equal(came, "PERMISSION_DENIED");
    assert.equal(errno, "EACCES");
  }
  assert.deepEqual(flows, []);
});

test("seccomp: where sendmsg is refused, the connection is plain at once", { skip }, async () => {
  await using scene = await startFriendly();
  const { results, flows } = await confined(scene, { sandbox: { sendmsg: EPERM }, tries: both });
  for (const { came, reason } of results) {
    assert.equal(came, "unsupported");
    assert.match(reason ?? "", /not permitted, by a sandbox .*EPERM/);
  }
  const syns = flows.flatMap(({ syns }) => syns);
  assert.equal(syns.length, 2);
  assert.ok(
    syns.every(({ fastOpenOption, payload }) => fastOpenOption === "none" && payload === 0),
  );
});

test("seccomp: where bind is refused or does nothing, none connects from elsewhere", {
  skip,
}, async () => {
  await using scene = await startFriendly();
  const { client } = scene.lab;
  await client.addAddress("10.77.9.5");
  const from = { localAddress: "10.77.9.5", tries: both };
  for (
    const [bind, code, left] of [
      [EPERM, "PERMISSION_DENIED", []],
      // The kernel tells where from only once it has connected.
      [0, "ADDRESS_NOT_AVAILABLE", [client.ipv4]],
    ] as const
  ) {
    const { results, flows } = await confined(scene, { ...from, sandbox: { bind } });
    assert.deepEqual(results.map(({ came }) => came), [code, code], JSON.stringify(results));
    assert.deepEqual([...new Set(flows.map(({ syns }) => syns[0]?.source))], left);
  }
  const { results, flows } = await confined(scene, from);
  assert.equal(results.length, 2);
  assert.ok(flows.every(({ syns }) => syns[0]?.source === "10.77.9.5"));
});
