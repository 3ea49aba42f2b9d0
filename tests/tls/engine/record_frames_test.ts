import assert from "node:assert/strict";
import { test } from "node:test";
import { RecordFrames } from "../../../tls/engine/record_frames.ts";

/** Two records and the beginning of a third one. */
const bytes = Uint8Array.from([
  ...[23, 3, 3, 0, 2, 1, 2],
  ...[22, 3, 3, 1, 0, ...new Uint8Array(256)],
  ...[21, 3],
]);
const ends = [7, 7 + 261];

test("a record is partial from its first byte to its last but one, however the bytes come", () => {
  for (const size of [1, 2, 3, 5, 7, 100]) {
    const frames = new RecordFrames();
    for (let at = 0; at < bytes.length; at += size) {
      frames.feed(bytes.subarray(at, at + size));
      const fed = Math.min(at + size, bytes.length);
      assert.equal(frames.isPartial, !ends.includes(fed), `${fed} bytes, ${size} at a time`);
    }
  }
});

test("an empty record is whole with its header", () => {
  const frames = new RecordFrames();
  assert.equal(frames.isPartial, false);
  frames.feed(Uint8Array.of(23, 3, 3, 0));
  assert.equal(frames.isPartial, true);
  frames.feed(Uint8Array.of(0));
  assert.equal(frames.isPartial, false);
  frames.feed(new Uint8Array());
  assert.equal(frames.isPartial, false);
});
