import assert from "node:assert/strict";
import { test } from "node:test";
import { Recent } from "../../base/recent.ts";

test("what was used longest ago makes room, and is handed over", () => {
  const evicted: [string, number][] = [];
  const recent = new Recent<string, number>(2, (value, key) => evicted.push([key, value]));
  recent.set("a", 1);
  recent.set("b", 2);
  assert.equal(recent.get("a"), 1); // a use
  recent.set("c", 3);
  assert.deepEqual(evicted, [["b", 2]]);
  assert.deepEqual(recent.values().toArray(), [1, 3]);
  assert.equal(recent.size, 2);
});

test("to peek is no use, and to set again is one", () => {
  const recent = new Recent<string, number>(2);
  recent.set("a", 1);
  recent.set("b", 2);
  assert.equal(recent.peek("a"), 1);
  recent.set("c", 3);
  assert.equal(recent.peek("a"), undefined);
  recent.set("b", 4);
  recent.set("d", 5);
  assert.deepEqual(recent.values().toArray(), [4, 5]);
});

test("a value is made once, and what is taken is not evicted", () => {
  let made = 0;
  const evicted: number[] = [];
  const recent = new Recent<string, number>(2, (value) => evicted.push(value));
  const make = () => ++made;
  assert.equal(recent.getOrMake("a", make), 1);
  assert.equal(recent.getOrMake("a", make), 1);
  assert.equal(recent.take("a"), 1);
  assert.equal(recent.take("a"), undefined);
  assert.equal(recent.getOrMake("a", make), 2);
  assert.deepEqual(evicted, []);
});

test("clearing evicts everything, and leaves a map that can be used", () => {
  const evicted: number[] = [];
  const recent = new Recent<string, number>(3, (value, key) => {
    evicted.push(value);
    assert.equal(recent.peek(key), undefined); // It is gone when its owner hears of it.
  });
  for (const [index, key] of ["a", "b", "c"].entries()) recent.set(key, index);
  recent.clear();
  assert.deepEqual(evicted, [0, 1, 2]);
  assert.equal(recent.size, 0);
  recent.set("d", 3);
  assert.equal(recent.get("d"), 3);
});
