/** What is told of a connection where the kernel tells little. */

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { linux } from "../../../ffi/linux.ts";
import { askChild } from "../../fixtures/hostile_child.ts";
import type { Told } from "../../fixtures/hostile_tcp_info.ts";

const skip = process.platform !== "linux" && "only Linux's kernel has this TCP_INFO";

const ask = (bytes: number) => askChild<Told>("tcp_info", [`${bytes}`]);

/** All that a client reads. */
const enough = linux.tcpInfo.rtt + 4;

for (const bytes of [0, 1, 4, 71]) {
  test(`a kernel that tells ${bytes} bytes of TCP_INFO: nothing is made up`, { skip }, async () => {
    const { client, plain, server, warnings, refused, measured } = await ask(bytes);
    for (const { outcome, reason, rtt, synRoom } of [client, plain, server]) {
      assert.equal(outcome, "unsupported");
      assert.ok(reason);
      assert.deepEqual([rtt, synRoom], [undefined, undefined]);
    }
    assert.deepEqual(warnings, []);
    assert.equal(measured, false);
    assert.equal(refused, "CONNECTION_REFUSED");
  });
}

test("a kernel that tells all a client reads: as ever", { skip }, async () => {
  for (const bytes of [enough, 1_000]) {
    const { client, plain, warnings, refused, measured } = await ask(bytes);
    for (const { outcome, rtt = 0, synRoom = 0 } of [client, plain]) {
      assert.notEqual(outcome, "unsupported");
      assert.ok(rtt > 0 && synRoom > 0);
    }
    assert.deepEqual(warnings, []);
    assert.equal(measured, true);
    assert.equal(refused, "CONNECTION_REFUSED");
  }
});
