import assert from "node:assert/strict";
import { test } from "node:test";
import { darwin } from "../../ffi/darwin.ts";
import { freebsd } from "../../ffi/freebsd.ts";
import { linux } from "../../ffi/linux.ts";
import { meanings } from "../../tcp/errors.ts";

for (const table of [linux, darwin, freebsd]) {
  test(`every errno that means something has its number on ${table.os}`, () => {
    const known: readonly string[] = Object.values(table.errno);
    assert.deepEqual(Object.keys(meanings).filter((name) => !known.includes(name)), []);
  });
}
