/** Every page of docs/integrations/ has a test, says what was tried, and stands in the table of all. */

import assert from "node:assert/strict";
import { globSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runtimeName } from "../fixtures/hostile_child.ts";
import { comesWithRuntimes, newcomersFolder } from "./newcomer.ts";
import { folder, type Page, parsePage, readPage, renderIndex, replaceValues } from "./page.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const README = join(folder, "README.md");

const pages = globSync("*.md", { cwd: folder }).sort()
  .filter((file) => file !== "README.md")
  .map((file) => readPage(basename(file, ".md")));

/** A page's form, to be spoilt. */
const EXAMPLE = [
  "# Example\n",
  "- The line: `use(agent)`",
  "- Tried: one 1.2.3, node:https · Node, Deno",
  "- Not in Bun: it has its own,\n  which takes nothing.\n",
  '```ts\nuse(agent); // "example.com"\n```\n',
  "```ts\nanother();\n```\n",
].join("\n");

test("a page tells its title, its line, what was tried where, and its first example", () => {
  const page: Page = {
    ...{ name: "example", title: "Example", line: "use(agent)" },
    tried: [{ name: "one", version: "1.2.3" }, { name: "node:https" }],
    runtimes: ["Node", "Deno"],
    notIn: { Bun: "it has its own,\n  which takes nothing." },
    program: 'use(agent); // "example.com"\n',
  };
  assert.deepEqual(parsePage("example", EXAMPLE), page);
});

test("a page without a part that all have is an error", () => {
  for (
    const [part, by] of [["# ", "## "], ["The line", "Line"], ["Tried", "Seen"], ["```ts", "```js"]]
  ) {
    assert.throws(() => parsePage("example", EXAMPLE.replaceAll(part!, by!)), /example\.md/, part);
  }
  assert.throws(
    () => parsePage("example", EXAMPLE.replace("Deno", "Dino")),
    /"Dino" is no runtime/,
  );
  assert.throws(() => parsePage("example", EXAMPLE.replace("use(agent);", "")), /lacks its line/);
});

test("a value that a program does not have can't be replaced", () => {
  const page = parsePage("example", EXAMPLE);
  assert.equal(replaceValues(page, { "example.com": "$&" }), 'use(agent); // "$&"\n');
  assert.throws(() => replaceValues(page, { "example.org": "localhost" }), /no example\.org/);
});

test("a newcomer's folder has no library but those that were named", () => {
  using home = newcomersFolder(["ws", "node:https"]);
  assert.deepEqual(readdirSync(home.path("node_modules")).sort(), ["@firstflight", "ws"]);
});

test("every page has a test", () => {
  const tests = globSync("tests/integrations/*_test.ts", { cwd: root })
    .map((file) => readFileSync(join(root, file), "utf8")).join("\n");
  const isTested = ({ name }: Page) => tests.includes(`testPage("${name}",`);
  assert.ok(pages.length > 0);
  assert.deepEqual(pages.filter((page) => !isTested(page)).map(({ name }) => name), []);
});

test("a page names the versions that are installed, and says why where it leaves out a runtime", () => {
  for (const { name, tried, runtimes, notIn } of pages) {
    for (const library of tried) {
      const expected = comesWithRuntimes(library.name) ? undefined : versionOf(library.name);
      assert.equal(library.version, expected, `${name}.md: ${library.name}`);
    }
    const all = [...runtimes, ...Object.keys(notIn)];
    assert.deepEqual(all.toSorted(), ["Bun", "Deno", "Node"], `${name}.md`);
  }
});

function versionOf(library: string): string {
  const file = join(root, "node_modules", library, "package.json");
  return JSON.parse(readFileSync(file, "utf8")).version;
}

test("README.md has the table of all pages", () => {
  const text = readFileSync(README, "utf8");
  const made = text.replace(/(^\|.*\n)+/m, () => renderIndex(pages));
  if (process.env["FIRSTFLIGHT_RECORD"] && runtimeName === "node") writeFileSync(README, made);
  assert.equal(
    readFileSync(README, "utf8"),
    made,
    "run this file under Node with FIRSTFLIGHT_RECORD=1",
  );
});
