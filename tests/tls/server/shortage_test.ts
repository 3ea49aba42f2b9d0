/**
 * A listener whose process has no descriptor for its clients.
 */

import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import type { Accepting, Told } from "../../fixtures/hostile_accepting.ts";
import { askChild } from "../../fixtures/hostile_child.ts";
import { requirePeer } from "../../peers/peer.ts";

const skip = process.platform !== "linux" ? "the limits are Linux's" : requirePeer("openssl");

/** Lowers the limit of descriptors, and then runs a program. */
const through = ["sh", "-c", 'ulimit -n 256; exec "$@"', "sh"];

test("a shortage of descriptors is told once, and does not end a listener", { skip }, async () => {
  const result = await askChild<Accepting>("accepting", [], { through });
  const says = JSON.stringify(result);
  const { port, long, short, warning } = result;
  for (const { afterwards } of [long, short, warning]) assert.equal(afterwards, "TLSv1.3", says);
  assert.equal(long.told.length, 1, says);
  assert.equal(long.told[0]?.code, "SYSTEM_ERROR", says);
  assert.ok(long.told[0].message.includes(`"127.0.0.1:${port}"`), says);
  assert.equal(warning.told.length, 1, says);
  for (const { told } of [long, warning]) {
    assert.equal(told[0]?.errno, "EMFILE", says);
    assert.match(told[0].message, /this process has no descriptor left; .*ulimit -n/, says);
  }
});

test("a shortage of the whole system is told from the process's own", { skip }, async () => {
  const [told] = await askChild<readonly Told[]>("accepting", ["system"]);
  assert.equal(told?.errno, "ENFILE");
  assert.match(told.message, /this system has no descriptor left/);
});
