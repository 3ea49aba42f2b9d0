/**
 * The rooms of the published sources, and what may go from one into another.
 */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** Each room may use itself and the rooms before it. */
const rooms = ["runtimes", "ffi", "tcp", "tls", "mod", "cli"];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const files = globSync(["{mod,cli}.ts", "{runtimes,ffi,tcp,tls,cli}/**/*.ts"], { cwd: root })
  .map((file) => ({ file, code: withoutComments(readFileSync(`${root}/${file}`, "utf8")) }));

function withoutComments(source: string): string {
  return source.replace(/\/\*.*?\*\/|(?<=^|\s)\/\/.*?$/gms, "");
}

function specifiersOf(code: string): string[] {
  const pattern = /(?:\bfrom|\bimport)\s*\(?\s*["'`]([^"'`]+)["'`]/g;
  return [...code.matchAll(pattern)].map(([, specifier = ""]) => specifier);
}

function roomOf(file: string): number {
  const room = rooms.indexOf(file.replace(/(\/.*|\.ts)$/, ""));
  assert.notEqual(room, -1, `${file} is in no known room`);
  return room;
}

test("imports go one way: mod, tls, tcp, ffi, runtimes; nobody imports the command", () => {
  assert.ok(files.length > 30, `only ${files.length} files found`);
  for (const { file, code } of files) {
    for (const specifier of specifiersOf(code).filter((each) => each.startsWith("."))) {
      const target = posix.join(posix.dirname(file), specifier);
      assert.ok(roomOf(target) <= roomOf(file), `${file} imports ${target}`);
    }
  }
});

test("nothing is imported from a registry", () => {
  for (const { file, code } of files) {
    for (const specifier of specifiersOf(code).filter((each) => !each.startsWith("."))) {
      assert.ok(specifier.startsWith("node:") && isBuiltin(specifier), `${file}: ${specifier}`);
    }
  }
});

test("a runtime's name is only in its own file", () => {
  for (const { file, code } of files) {
    const names = (pattern: RegExp) => pattern.test(code);
    assert.ok(!specifiersOf(code).includes("node:ffi"), `${file} imports node:ffi`);
    assert.ok(file === "runtimes/node.ts" || !names(/["'`]node:ffi/), `${file} names node:ffi`);
    assert.ok(file === "runtimes/bun.ts" || !names(/["'`]bun:/), `${file} names a module of Bun`);
    assert.ok(file.startsWith("runtimes/") || !names(/\b(Deno|Bun)\.\w/), `${file} uses a global`);
  }
});
