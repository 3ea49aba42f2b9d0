import assert from "node:assert/strict";
import { test } from "node:test";
import type { TlsConn } from "../../../mod.ts";
import { Inbox } from "../../../tcp/wire/inbox.ts";
import { askChild } from "../../fixtures/hostile_child.ts";
import { leavesNothing } from "../../fixtures/hostile_census.ts";
import type { MemoryUse } from "../../fixtures/hostile_memory.ts";
import { startListener } from "../../fixtures/hostile_ways.ts";
import { certificates } from "../../peers/certificates.ts";

/** What a process with one connection may hold, runtime included. */
const MOST_MEGABYTES = 150;

/** Runs the other side in a process of its own, and `serve` on this one until that is `over`. */
async function against(
  mode: string,
  serve: (conn: TlsConn, over: Promise<void>) => Promise<unknown>,
): Promise<MemoryUse> {
  return await leavesNothing(async () => {
    using listener = startListener();
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const serving = (async () => {
      using conn = await listener.accept();
      await serve(conn, over);
    })().catch(() => {}); // The other side leaves without a goodbye.
    const args = [mode, String(listener.addr.port), certificates().ca];
    const use = await askChild<MemoryUse>("memory", args, { timeout: 40_000 })
      .finally(resolve);
    await serving;
    return use;
  });
}

for (const mode of ["stalled-reader", "stalled-readable", "stalled-duplex"]) {
  test(`${mode}: an endless download that nobody reads holds its sender back`, async () => {
    let sent = 0;
    const use = await against(mode, async (conn) => {
      const chunk = new Uint8Array(64 * 1024);
      while (sent < 1e9) sent += await conn.write(chunk);
    });
    const says = `${JSON.stringify(use)}, ${sent / 1e6} MB sent`;
    assert.ok(use.megabytes < MOST_MEGABYTES, says);
    assert.ok(sent < 50e6, says);
    assert.ok(sent > 0, says);
  });
}

test("a writer to a peer that does not read waits, and holds little", async () => {
  const use = await against("writer", (_, over) => over);
  const says = JSON.stringify(use);
  assert.equal(use.pending, true, says);
  assert.ok(use.megabytes < MOST_MEGABYTES, says);
  assert.ok(use.bytes > 0 && use.bytes < 50e6, says);
});

test("a single large write to a peer that does not read is not encrypted ahead", async () => {
  const use = await against("one-large-write", (_, over) => over);
  const says = JSON.stringify(use);
  assert.equal(use.pending, true, says);
  assert.ok(use.megabytes < MOST_MEGABYTES + 64, says);
});

test("200,000 records of one byte that nobody reads hold little, and are read quickly", async () => {
  const records = 200_000;
  const use = await against("tiny", async (conn) => {
    for (let sent = 0; sent < records; sent += 500) {
      await Promise.all(Array.from({ length: 500 }, () => conn.write(new Uint8Array(1))));
    }
    await conn.closeWrite();
    await conn.read(new Uint8Array(1));
  });
  const says = JSON.stringify(use);
  assert.equal(use.bytes, records, says);
  assert.ok(use.megabytes < MOST_MEGABYTES, says);
  assert.ok((use.milliseconds ?? Infinity) < 5_000, says);
});

test("a quarter of a megabyte that came in single bytes is read in no time", async () => {
  const inbox = new Inbox({ pause() {}, resume() {}, pull() {} });
  const bytes = 256 * 1024;
  for (let index = 0; index < bytes; index++) inbox.push(Uint8Array.of(index));
  const startedAt = performance.now();
  const into = new Uint8Array(100);
  let sum = 0;
  for (let read = 0; read < bytes;) {
    const length = await inbox.read(into) ?? assert.fail("the end");
    for (const byte of into.subarray(0, length)) sum += byte;
    read += length;
  }
  assert.equal(sum, 1_024 * (255 * 256 / 2));
  assert.ok(performance.now() - startedAt < 1_000);
});
