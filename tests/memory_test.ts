import assert from "node:assert/strict";
import { test } from "node:test";
import type { TlsConn } from "../mod.ts";
import { askChild } from "./fixtures/hostile_child.ts";
import { leavesNothing } from "./fixtures/hostile_census.ts";
import type { MemoryUse } from "./fixtures/hostile_memory.ts";
import { startListener } from "./fixtures/hostile_ways.ts";
import { certificates } from "./peers/certificates.ts";

/** What a process with one connection may hold, runtime included. */
const MOST_MEGABYTES = 150;

/** Runs the other side in a process of its own, and `serve` on this one. */
async function against(
  mode: string,
  serve: (conn: TlsConn) => Promise<unknown>,
): Promise<MemoryUse> {
  return await leavesNothing(async () => {
    using listener = startListener();
    const serving = (async () => {
      using conn = await listener.accept();
      await serve(conn);
    })().catch(() => {}); // The other side leaves without a goodbye.
    const args = [mode, String(listener.addr.port), certificates().ca];
    const use = await askChild<MemoryUse>("memory", args, { timeout: 40_000 });
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
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const serving = against("writer", () => over);
  setTimeout(resolve, 12_000).unref?.();
  const use = await serving.finally(resolve);
  const says = JSON.stringify(use);
  assert.equal(use.pending, true, says);
  assert.ok(use.megabytes < MOST_MEGABYTES, says);
  assert.ok(use.bytes > 0 && use.bytes < 50e6, says);
});

test("a single large write to a peer that does not read is not encrypted ahead", async () => {
  const use = await against("one-large-write", () => new Promise((r) => setTimeout(r, 3_500)));
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
