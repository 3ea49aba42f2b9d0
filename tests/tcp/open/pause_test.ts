/**
 * The kernel's own pause after SYNs with data were lost (net.ipv4.tcp_fastopen_blackhole_timeout_sec).
 */

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { netlabSkip, programArguments } from "../../netlab/mod.ts";
import { requirePeer } from "../../peers/peer.ts";
import { calls, request, startScene } from "../../peers/scene.ts";
import { onlyFlow } from "../../peers/wire.ts";

const skip = netlabSkip() || requirePeer("nginx", "openssl");

test("a kernel that pauses Fast Open is named, and for how long", { skip }, async () => {
  await using scene = await startScene({ rtt: 4 });
  const { lab, client } = scene;
  await lab.client.run("ip", ["link", "set", "lo", "up"]);
  await lab.client.setSysctl("ipv4/tcp_fastopen_blackhole_timeout_sec", 3600);
  await lab.client.setSysctl("ipv4/tcp_syn_retries", 1); // The kernel gives up after two seconds.
  const hostname = lab.server.ipv4;
  // A kernel that may pause, and does not, asks for its cookie as any other.
  for (const outcome of ["cookie-requested", "accepted"] as const) {
    const { fastOpen } = await calls.connect(client, hostname);
    assert.deepEqual([fastOpen.outcome, fastOpen.reason], [outcome, undefined]);
  }

  await lab.setMiddleboxes([{ kind: "blackhole", destination: hostname }]);
  const { error } = await client.connect({ hostname, connectTimeout: 6_000 }, { early: request });
  assert.equal(error?.code, "TIMED_OUT");
  assert.equal((await lab.client.counters())["TCPFastOpenBlackhole"], 1);
  await lab.setMiddleboxes([]);

  for (const call of ["connect", "connectTls"] as const) {
    for (const address of [hostname, lab.server.ipv6]) {
      await lab.clearPackets();
      const { fastOpen } = await calls[call](client, address);
      const says = JSON.stringify(fastOpen);
      assert.equal(fastOpen.outcome, "unsupported", says);
      assert.match(
        fastOpen.reason ?? "",
        /pauses Fast Open to all hosts.*timeout_sec is 3600/,
        says,
      );
      assert.equal(fastOpen.synBytes, 0, says);
      const { syn } = onlyFlow(await lab.packets());
      assert.deepEqual([syn.fastOpenOption, syn.payload], ["none", 0]);
    }
  }
  const cli = programArguments(new URL("../../../cli.ts", import.meta.url), "doctor");
  const { stdout } = await lab.client.run(process.execPath, cli);
  assert.match(
    stdout.replace(/\s+/g, " "),
    /Fast Open out the kernel pauses Fast Open to all hosts/,
  );

  await lab.client.setSysctl("ipv4/tcp_fastopen_blackhole_timeout_sec", 0);
  assert.equal((await calls.connect(client, hostname)).fastOpen.outcome, "accepted");
});
