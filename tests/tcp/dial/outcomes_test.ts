import assert from "node:assert/strict";
import { test } from "node:test";
import type { FastOpenOutcome } from "../../../mod.ts";
import { type Middlebox, netlabSkip } from "../../netlab/mod.ts";
import { httpPut } from "../../peers/http.ts";
import { requirePeer } from "../../peers/peer.ts";
import { succeeded } from "../../peers/remote_client.ts";
import { calls, type Scene, startScene } from "../../peers/scene.ts";
import { acknowledged, flowsIn } from "../../peers/wire.ts";

const skip = netlabSkip() || requirePeer("nginx", "openssl");

/** What a connection is told, and what the link saw of it: SYNs, and the bytes of data they had. */
type Expected = readonly [outcome: FastOpenOutcome, syns: number, data: "data" | "no data"];

interface Condition {
  /** What is on the path while the connections of `strangers` and `friends` are made. */
  readonly boxes?: readonly Middlebox[];
  /** Changes the hosts before. */
  arrange?(scene: Scene): Promise<void>;
  /** Connections of a client that has never been there. */
  readonly strangers: readonly Expected[];
  /** Connections of a client that got its cookie over a healthy path. */
  readonly friends: readonly Expected[];
}

const asked: Expected = ["cookie-requested", 1, "no data"];
const taken: Expected = ["accepted", 1, "data"];
const ignored: Expected = ["ignored", 1, "data"];
const doubted: Expected = ["blocked", 2, "data"];
const spared: Expected = ["blocked", 1, "no data"];

const conditions: Readonly<Record<string, Condition>> = {
  "a healthy path": {
    strangers: [asked, taken, taken],
    friends: [taken, taken, taken],
  },
  "SYNs with data dropped": {
    boxes: [{ kind: "drop-syn-data" }],
    strangers: [asked, doubted, spared],
    friends: [doubted, spared, spared],
  },
  "a reset for SYNs with data": {
    boxes: [{ kind: "reset-syn-data" }],
    strangers: [asked, doubted, spared],
    friends: [doubted, spared, spared],
  },
  "SYNs with the option dropped": {
    boxes: [{ kind: "drop-option" }],
    strangers: [["blocked", 2, "no data"], spared, spared],
    friends: [doubted, spared, spared],
  },
  "the option stripped": {
    boxes: [{ kind: "strip-option" }],
    strangers: [asked, asked, asked],
    friends: [ignored, ignored, ignored],
  },
  "the data stripped": {
    boxes: [{ kind: "strip-syn-data" }],
    strangers: [asked, ignored, ignored],
    friends: [ignored, ignored, ignored],
  },
  "the SYN-ACK's option stripped": {
    boxes: [{ kind: "strip-synack-option" }],
    strangers: [asked, asked, asked],
    friends: [taken, taken, taken],
  },
  "a server with Fast Open switched off": {
    arrange: ({ lab }) => lab.server.setSysctl("ipv4/tcp_fastopen", 1),
    strangers: [asked, asked, asked],
    friends: [ignored, ignored, ignored],
  },
  "small segments": {
    boxes: [{ kind: "clamp-mss", mss: 536 }],
    strangers: [asked, taken, taken],
    friends: [taken, taken, taken],
  },
  "small packets": {
    boxes: [{ kind: "mtu", mtu: 1280 }],
    strangers: [asked, taken, taken],
    friends: [taken, taken, taken],
  },
};

for (const [name, { boxes = [], arrange, strangers, friends }] of Object.entries(conditions)) {
  for (const [who, expected] of Object.entries({ strangers, friends })) {
    test(`${name}, ${who}: what is told is what happened`, { skip }, async () => {
      await using scene = await startScene({ rtt: 20 });
      const { lab, client, nginx } = scene;
      const hostname = lab.server.ipv4;
      if (who === "friends") await calls.connect(client, hostname);
      await arrange?.(scene);
      await lab.setMiddleboxes(boxes);
      for (const [outcome, syns, data] of expected) {
        await lab.clearPackets();
        const { fastOpen } = await calls.connect(client, hostname);
        assert.equal(fastOpen.outcome, outcome);
        const flows = flowsIn(await lab.packets());
        assert.equal(flows.length, syns);
        assert.ok(flows.every((flow) => flow.syns.length === 1), "the kernel sent a SYN again");
        const carried = flows[0]?.syns[0]?.payload;
        assert.equal(carried, fastOpen.synBytes);
        assert.equal(fastOpen.synBytes > 0, data === "data");
        if (outcome === "accepted") assert.equal(acknowledged(flows[0]!), carried);
        else assert.ok(flows.every((flow) => !flow.synAck || acknowledged(flow) === 0));
      }
      const connections = expected.length + (who === "friends" ? 1 : 0);
      assert.equal((await nginx.requests(connections)).length, connections);
    });
  }
}

test("a SYN too large for the path: the flight gets there all the same", { skip }, async () => {
  await using scene = await startScene({ rtt: 20, middleboxes: [{ kind: "mtu", mtu: 1280 }] });
  const { lab, client, nginx } = scene;
  const hostname = lab.server.ipv4;
  await calls.connect(client, hostname);
  await lab.clearPackets();
  const body = new Uint8Array(4000).fill(0x61);
  for (const [round, outcome] of ["blocked", "accepted", "accepted"].entries()) {
    const early = httpPut(`/upload/${round}`, body);
    const answer = succeeded(await client.connect({ hostname }, { early }));
    assert.match(answer.received, /^HTTP\/1\.1 201 /);
    assert.deepEqual(nginx.uploaded(`${round}`), body);
    assert.equal(answer.fastOpen.outcome, outcome);
    assert.ok(answer.fastOpen.synBytes > 1000);
  }
  assert.equal(flowsIn(await lab.packets()).length, 3); // ICMP told the kernel; nobody had to guess.
});
