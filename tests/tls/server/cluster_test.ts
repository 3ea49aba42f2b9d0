/**
 * Listeners in workers of `node:cluster`, where the primary process listens, and beside them.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { askChild, runtimeName } from "../../fixtures/hostile_child.ts";
import type { Clustered } from "../../fixtures/hostile_cluster.ts";
import type { Relatives } from "../../fixtures/hostile_relatives.ts";
import { netlabSkip, startNetlab } from "../../netlab/mod.ts";
import { requirePeer } from "../../peers/peer.ts";

// A network of its own has the ports free, and takes Fast Open.
const skip = netlabSkip() || requirePeer("openssl");

async function askAlone<T>(name: string, args: readonly string[] = []): Promise<T> {
  await using lab = await startNetlab();
  await lab.client.run("ip", ["link", "set", "lo", "up"]);
  const through = ["ip", "netns", "exec", lab.client.namespace];
  return await askChild<T>(name, args, { through });
}

for (const [policy, who] of [["rr", "the primary"], ["none", "every worker"]] as const) {
  test(`workers share a port where ${who} accepts`, { skip }, async () => {
    const result = await askAlone<Clustered>("cluster", [policy]);
    const says = JSON.stringify(result);
    // Which worker gets a connection is the kernel's choice, where all of them accept.
    for (const answers of Object.values(result.answers)) {
      assert.ok(answers.length >= 4, says);
      assert.ok(answers.every((id) => id === "1" || id === "2"), says);
      if (policy === "rr") assert.deepEqual(new Set(answers), new Set(["1", "2"]), says);
    }
    assert.deepEqual(result.afterClose, ["2", "2", "2"], says);
    assert.equal(result.afterLeaving, "CONNECTION_REFUSED", says);
    assert.equal(result.unrelated, "unrelated", says);

    const primary = /the primary process of node:cluster listens/;
    const ports = result.workers.flatMap(({ ownPorts }) => ownPorts);
    assert.equal(new Set(ports).size, 4, says);
    for (const worker of result.workers) {
      assert.deepEqual(worker.addr, { transport: "tcp", hostname: "127.0.0.1", port: 24_712 });
      assert.match(worker.fastOpen.reason ?? "", primary, says);
      assert.deepEqual(worker.taken, new Array(3).fill("ADDRESS_IN_USE"), says);
      assert.equal(worker.closed, "LISTENER_CLOSED", says);
      if (policy === "none") {
        assert.equal(worker.settledFastOpen.enabled, true, says);
        assert.equal(worker.enabling, '{"enabled":true}', says);
      } else {
        assert.match(worker.settledFastOpen.reason ?? "", primary, says);
        assert.match(worker.enabling, /^NOT_LISTENING: /, says);
        assert.match(worker.enabling, primary, says);
      }
    }
    // The primary can let its workers' clients use Fast Open; each is told what its SYN brought.
    assert.equal(result.enabled.enabled, true, says);
    const outcomes = result.accepted.map(({ outcome }) => outcome);
    const tookFastOpen = outcomes.filter((outcome) => outcome === "accepted");
    assert.ok(tookFastOpen.length >= outcomes.length - 1, says);
  });
}

test("a listener of a forked process or of a thread is its own", { skip }, async () => {
  const { forked, thread, threadOfWorker } = await askAlone<Relatives>("relatives");
  assert.equal(forked.passed, '{"enabled":true}');
  assert.deepEqual(forked.codes, ["free", "ADDRESS_IN_USE"]);
  assert.deepEqual(thread.codes, ["free", "ADDRESS_IN_USE"]);
  if (runtimeName !== "deno") assert.deepEqual(threadOfWorker?.codes, ["free", "ADDRESS_IN_USE"]);
});
