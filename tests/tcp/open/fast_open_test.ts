import assert from "node:assert/strict";
import { test } from "node:test";
import type { FastOpenOutcome } from "../../../mod.ts";
import { netlabSkip, startNetlab } from "../../netlab/mod.ts";
import { startNginx } from "../../peers/nginx.ts";
import { httpBody, httpPut, httpRequest } from "../../peers/http.ts";
import { requirePeer } from "../../peers/peer.ts";
import { type ExchangeOptions, startRemoteClient, succeeded } from "../../peers/remote_client.ts";
import { calls, startScene } from "../../peers/scene.ts";
import { acknowledged, answeredAtOnce, onlyFlow } from "../../peers/wire.ts";

const skip = netlabSkip() || requirePeer("nginx", "openssl");

for (const call of ["connectTls", "connect"] as const) {
  for (const family of ["ipv4", "ipv6"] as const) {
    test(`${call} over ${family}: the first SYN asks for a cookie, the second carries the flight`, {
      skip,
    }, async () => {
      await using scene = await startScene();
      const { lab, nginx, client } = scene;
      const hostname = lab.server[family];

      const first = await calls[call](client, hostname);
      assert.equal(first.fastOpen.outcome, "cookie-requested");
      assert.equal(first.fastOpen.synBytes, 0);
      const asking = onlyFlow(await lab.packets());
      assert.equal(asking.syn.fastOpenOption, "request");
      assert.equal(asking.syn.payload, 0);
      assert.equal(asking.synAck?.fastOpenOption, "cookie");
      assert.equal((await lab.server.counters())["TCPFastOpenCookieReqd"], 1);
      assert.equal((await lab.server.counters())["TCPFastOpenPassive"], 0);

      await lab.clearPackets();
      const second = await calls[call](client, hostname);
      const { outcome, synBytes, flightBytes, rtt = 0 } = second.fastOpen;
      assert.equal(outcome, "accepted");
      assert.ok(synBytes > 0);
      assert.equal(synBytes, flightBytes);
      assert.ok(rtt >= 4, `a round trip of ${rtt} ms`);
      const carrying = onlyFlow(await lab.packets());
      assert.equal(carrying.syns.length, 1);
      assert.equal(carrying.syn.fastOpenOption, "cookie");
      assert.equal(carrying.syn.payload, synBytes);
      assert.equal(acknowledged(carrying), synBytes);
      assert.equal((await lab.client.counters())["TCPFastOpenActive"], 1);
      assert.equal((await lab.client.counters())["TCPFastOpenActiveFail"], 0);
      assert.equal((await lab.server.counters())["TCPFastOpenPassive"], 1);

      assert.equal((await nginx.requests(2)).length, 2);
    });
  }

  test(`${call}: a client that lost its cookies asks again`, { skip }, async () => {
    await using scene = await startScene();
    const { lab, client } = scene;
    await calls[call](client, lab.server.ipv4);
    await lab.client.forgetCookies();
    await lab.clearPackets();
    const { fastOpen } = await calls[call](client, lab.server.ipv4);
    assert.equal(fastOpen.outcome, "cookie-requested");
    assert.equal(onlyFlow(await lab.packets()).syn.fastOpenOption, "request");
    assert.equal((await lab.server.counters())["TCPFastOpenCookieReqd"], 2);
  });

  test(`${call} with fastOpen false sends a SYN without option and data`, { skip }, async () => {
    await using scene = await startScene();
    const { lab, client } = scene;
    await calls[call](client, lab.server.ipv4);
    await lab.clearPackets();
    const { fastOpen } = await calls[call](client, lab.server.ipv4, { fastOpen: false });
    assert.equal(fastOpen.outcome, "disabled");
    assert.equal(fastOpen.synBytes, 0);
    const { syn } = onlyFlow(await lab.packets());
    assert.equal(syn.fastOpenOption, "none");
    assert.equal(syn.payload, 0);
    assert.equal((await lab.client.counters())["TCPFastOpenActive"], 0);
  });

  test(`${call} connects where the kernel has Fast Open switched off, and says why`, {
    skip,
  }, async () => {
    await using scene = await startScene({ fastOpen: 0 });
    const { lab, client } = scene;
    for (let round = 0; round < 2; round++) {
      await lab.clearPackets();
      const { fastOpen } = await calls[call](client, lab.server.ipv4);
      assert.equal(fastOpen.outcome, "unsupported");
      assert.equal(fastOpen.synBytes, 0);
      assert.match(fastOpen.reason ?? "", /sysctl -w net\.ipv4\.tcp_fastopen=/);
      const { syn } = onlyFlow(await lab.packets());
      assert.equal(syn.fastOpenOption, "none");
      assert.equal(syn.payload, 0);
    }
  });

  test(`${call}: data that the path strips from the SYN is sent again`, { skip }, async () => {
    await using scene = await startScene();
    const { lab, nginx, client } = scene;
    await calls[call](client, lab.server.ipv4);
    await lab.setMiddleboxes([{ kind: "strip-syn-data" }]);
    await lab.clearPackets();
    const { fastOpen } = await calls[call](client, lab.server.ipv4);
    assert.equal(fastOpen.outcome, "ignored");
    const flow = onlyFlow(await lab.packets());
    assert.ok(flow.syn.payload > 0);
    assert.equal(flow.syn.payload, fastOpen.synBytes);
    assert.equal(acknowledged(flow), 0);
    assert.equal((await lab.client.counters())["TCPFastOpenActiveFail"], 1);
    assert.equal((await nginx.requests(2)).length, 2);
  });

  test(`${call}: a server whose cookies have changed hands out another one`, {
    skip,
  }, async () => {
    await using scene = await startScene();
    const { lab, nginx, client } = scene;
    await calls[call](client, lab.server.ipv4);
    const key = "0f0e0d0c-0b0a0908-07060504-03020100";
    await lab.server.run("sysctl", ["-qw", `net.ipv4.tcp_fastopen_key=${key}`]);
    const expected: FastOpenOutcome[] = ["ignored", "accepted"];
    for (const outcome of expected) {
      await lab.clearPackets();
      const { fastOpen } = await calls[call](client, lab.server.ipv4);
      assert.equal(fastOpen.outcome, outcome);
      const flow = onlyFlow(await lab.packets());
      assert.equal(flow.syn.fastOpenOption, "cookie");
      assert.equal(flow.syn.payload, fastOpen.synBytes);
      assert.equal(acknowledged(flow), outcome === "accepted" ? fastOpen.synBytes : 0);
    }
    const counters = await lab.server.counters();
    assert.equal(counters["TCPFastOpenPassiveFail"], 1);
    assert.equal(counters["TCPFastOpenPassive"], 1);
    assert.equal((await nginx.requests(3)).length, 3);
  });
}

test("over loopback, with client and server on one host", { skip }, async () => {
  await using lab = await startNetlab({ rtt: 4 });
  await using _nginx = await startNginx({ place: lab.server, port: 443 });
  await using client = startRemoteClient(lab.server);
  for (const hostname of ["127.0.0.1", "::1"]) {
    const before = await lab.server.counters();
    const outcomes: FastOpenOutcome[] = [];
    for (let round = 0; round < 3; round++) {
      outcomes.push((await calls.connectTls(client, hostname)).fastOpen.outcome);
    }
    assert.deepEqual(outcomes, ["cookie-requested", "accepted", "accepted"]);
    const after = await lab.server.counters();
    const grown = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
    assert.equal(grown("TCPFastOpenActive"), 2);
    assert.equal(grown("TCPFastOpenPassive"), 2);
    assert.equal(grown("TCPFastOpenCookieReqd"), 1);
  }
});

test("with a session the answer leaves the server before it hears from the client again", {
  skip,
}, async () => {
  await using scene = await startScene({ rtt: 35 });
  const { lab, nginx, client } = scene;
  const page = new Uint8Array(3000).fill(0x61);
  nginx.serve("page", page);
  const exchange: ExchangeOptions = { early: httpRequest("/upload/page") };
  for (const expected of ["not-sent", "accepted"]) {
    await lab.clearPackets();
    const answer = succeeded(await client.connectTls({ hostname: lab.server.ipv4 }, exchange));
    assert.equal(answer.earlyData, expected);
    assert.equal(httpBody(answer.received).length, page.length);
    const flow = onlyFlow(await lab.packets());
    assert.equal(answeredAtOnce(flow) > page.length, expected === "accepted");
  }
});

/** What a SYN has room for on a path whose packets have 1,500 bytes. */
const room = { ipv4: 1420, ipv6: 1400 };

for (const family of ["ipv4", "ipv6"] as const) {
  test(`a flight larger than the SYN over ${family}: what fits rides, the rest follows`, {
    skip,
  }, async () => {
    await using scene = await startScene();
    const { lab, nginx, client } = scene;
    const hostname = lab.server[family];
    const body = Uint8Array.from({ length: 9000 }, (_, index) => index % 251);
    for (const [index, call] of (["connectTls", "connect"] as const).entries()) {
      await calls[call](client, hostname);
      await lab.clearPackets();
      const answer = succeeded(
        await client[call]({ hostname }, { early: httpPut(`/upload/${call}`, body) }),
      );
      assert.match(answer.received, /^HTTP\/1\.1 201 /);
      const { outcome, synBytes, flightBytes } = answer.fastOpen;
      assert.equal(outcome, "accepted");
      assert.ok(flightBytes > body.length);
      // The kernel keeps what the peer announced as its segment size; the SYN is never larger.
      assert.ok(synBytes <= room[family] && synBytes > 1000, `${synBytes} bytes in the SYN`);
      const flow = onlyFlow(await lab.packets());
      assert.equal(flow.syn.payload, synBytes);
      assert.equal(acknowledged(flow), synBytes);
      assert.deepEqual(nginx.uploaded(call), body);
      assert.equal((await lab.server.counters())["TCPFastOpenPassive"], index * 2 + 1);
    }
  });
}

test("a path with small segments gets a small SYN", { skip }, async () => {
  await using scene = await startScene({ middleboxes: [{ kind: "clamp-mss", mss: 700 }] });
  const { lab, client } = scene;
  await calls.connect(client, lab.server.ipv4);
  await lab.clearPackets();
  const early = httpPut("/upload/small", new Uint8Array(4000));
  const answer = succeeded(await client.connect({ hostname: lab.server.ipv4 }, { early }));
  assert.match(answer.received, /^HTTP\/1\.1 201 /);
  assert.equal(answer.fastOpen.outcome, "accepted");
  const { syn } = onlyFlow(await lab.packets());
  assert.ok(syn.payload > 0 && syn.payload <= 700, `${syn.payload} bytes in the SYN`);
  assert.equal(syn.payload, answer.fastOpen.synBytes);
});
