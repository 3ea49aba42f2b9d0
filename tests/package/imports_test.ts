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
const rooms = [
  ...["runtimes", "base", "ffi", "tcp", "tls", "http", "mod", "adapters", "register", "cli"],
];

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The code of each published file, by its path. */
const sources = new Map(
  globSync(["{mod,cli,register}.ts", `{${rooms.join()}}/**/*.ts`], { cwd: root })
    .map((file) => [file, withoutComments(readFileSync(`${root}/${file}`, "utf8"))]),
);

function withoutComments(source: string): string {
  return source.replace(/\/\*.*?\*\/|(?<=^|\s)\/\/.*?$/gms, "");
}

/** What a file imports or exports from elsewhere, types included. */
function specifiersIn(code: string): string[] {
  const pattern = /(?:\bfrom|\bimport)\s*\(?\s*["'`]([^"'`]+)["'`]/g;
  return [...code.matchAll(pattern)].map(([, specifier = ""]) => specifier);
}

/** By file: the files it imports. */
const imports = new Map(
  [...sources].map(([file, code]) => {
    const local = specifiersIn(code).filter((specifier) => specifier.startsWith("."));
    return [file, new Set(local.map((each) => posix.join(posix.dirname(file), each)))] as const;
  }),
);

function roomOf(file: string): number {
  const room = rooms.indexOf(file.replace(/(\/.*|\.ts)$/, ""));
  assert.notEqual(room, -1, `${file} is in no known room`);
  return room;
}

/** A circle in a graph, as the nodes on it; `undefined` where there is none. */
function findCircle(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const done = new Set<string>();
  const visit = (node: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const circle = visit(next, [...trail, node]);
      if (circle) return circle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const circle = visit(node, []);
    if (circle) return circle;
  }
  return undefined;
}

test("imports go one way: adapters, mod, http, tls, tcp, ffi, base, runtimes; nobody imports the command", () => {
  assert.ok(sources.size > 100, `only ${sources.size} files found`);
  for (const [file, targets] of imports) {
    for (const target of targets) {
      assert.ok(sources.has(target), `${file} imports ${target}, which is not published`);
      assert.ok(roomOf(target) <= roomOf(file), `${file} imports ${target}`);
    }
  }
});

test("http/ stands on base/ alone", () => {
  const files = [...imports].filter(([file]) => file.startsWith("http/"));
  assert.ok(files.length > 10, `only ${files.length} files found`);
  for (const [file, targets] of files) {
    for (const target of targets) {
      assert.match(target, /^(http|base)\//, `${file} imports ${target}`);
    }
  }
});

test("an adapter imports mod.ts, its own folder, and no other but the agent; nobody but the command imports one", () => {
  const isAdapter = (file: string) => file.startsWith("adapters/");
  const adapters = [...imports].filter(([file]) => isAdapter(file));
  assert.ok(adapters.length >= 3, `only ${adapters.length} files found`);
  for (const [file, targets] of adapters) {
    const [own = ""] = /^adapters\/\w+/.exec(file) ?? [];
    const shared = ["mod.ts", "adapters/agent.ts"];
    const others = [...targets].filter((each) =>
      !shared.includes(each) && !each.startsWith(`${own}/`)
    );
    assert.deepEqual(others, [], file);
  }
  for (const [file, targets] of imports) {
    const mayImport = isAdapter(file) || roomOf(file) === roomOf("cli.ts");
    assert.ok(mayImport || ![...targets].some(isAdapter), file);
  }
});

test("the flag imports no module of the runtime, and of the rest little more than types", () => {
  const files = [...sources].filter(([file]) => file.startsWith("register"));
  assert.ok(files.length > 10, `only ${files.length} files found`);
  for (const [file, code] of files) {
    for (const [statement, specifier = ""] of code.matchAll(/^import [^;]*"([^"]+)";/gms)) {
      // These import nothing themselves.
      const free = ["../base/ffi_warning.ts", "../base/own_call.ts", "../runtimes/versions.ts"];
      const isFree = free.includes(specifier);
      const isOwn = specifier.startsWith("./");
      assert.ok(isOwn || isFree || statement.startsWith("import type "), `${file}: ${statement}`);
    }
  }
});

test("no file imports itself by way of others, types included", () => {
  assert.equal(findCircle(imports)?.join(" → "), undefined);
});

test("no room inside tcp/ and tls/ imports itself by way of others", () => {
  // The doors and words that stand in tcp/ and tls/ themselves belong to no inner room.
  const innerRoom = (file: string) => /^(tcp|tls)\/.*\//.exec(file)?.[0];
  const graph = new Map<string, Set<string>>();
  for (const [file, targets] of imports) {
    const from = innerRoom(file);
    if (from === undefined) continue;
    const reached = graph.get(from) ?? new Set();
    graph.set(from, reached);
    for (const to of [...targets].map(innerRoom)) {
      if (to !== undefined && to !== from) reached.add(to);
    }
  }
  assert.ok(graph.size >= 12, `only ${[...graph.keys()]} found`);
  assert.equal(findCircle(graph)?.join(" → "), undefined);
});

test("a circle would be found", () => {
  const graph = new Map([["a", new Set(["b"])], ["b", new Set(["c"])], ["c", new Set(["b"])]]);
  assert.deepEqual(findCircle(graph), ["b", "c", "b"]);
});

test("nothing is imported from a registry", () => {
  for (const [file, code] of sources) {
    for (const specifier of specifiersIn(code).filter((each) => !each.startsWith("."))) {
      assert.ok(specifier.startsWith("node:") && isBuiltin(specifier), `${file}: ${specifier}`);
    }
  }
});

test("a runtime's name is only in its own file", () => {
  for (const [file, code] of sources) {
    const names = (pattern: RegExp) => pattern.test(code);
    assert.ok(!specifiersIn(code).includes("node:ffi"), `${file} imports node:ffi`);
    // The flag loads it once, without its warning.
    const mayName = file === "runtimes/node.ts" || file === "register/quiet_ffi.ts";
    assert.ok(mayName || !names(/["'`]node:ffi/), `${file} names node:ffi`);
    assert.ok(file === "runtimes/bun.ts" || !names(/["'`]bun:/), `${file} names a module of Bun`);
    // The flag replaces members of these globals.
    const mayUse = file.startsWith("runtimes/") || file.startsWith("register/");
    assert.ok(mayUse || !names(/\b(Deno|Bun)\.\w/), `${file} uses a global`);
  }
});
