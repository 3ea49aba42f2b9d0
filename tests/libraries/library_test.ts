import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { neverTried } from "./library.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const textOf = (files: readonly string[]) =>
  files.map((file) => readFileSync(`${root}/${file}`, "utf8")).join("\n");

test("every library that is installed for it is tried, and no other is said to be left out", () => {
  const { devDependencies } = JSON.parse(
    readFileSync(`${root}/tools/libraries/package.json`, "utf8"),
  );
  const libraries = Object.keys(devDependencies);
  assert.ok(libraries.length > 20, `only ${libraries.length} found`);
  const files = globSync("tests/libraries/*.ts", { cwd: root });
  const code = textOf(files);
  const isLoaded = (name: string) => new RegExp(`\\(\\s*"${name}(/promise)?",?\\s*\\)`).test(code);
  const pages = textOf(globSync("docs/integrations/*.md", { cwd: root }));
  // The program of a page is run as it stands there.
  const hasPage = (name: string) =>
    [` from "${name}";`, `import("${name}")`].some((use) => pages.includes(use));
  assert.deepEqual(libraries.filter((name) => !isLoaded(name) && !hasPage(name)), []);
  assert.deepEqual(Object.keys(neverTried).filter((name) => libraries.includes(name)), []);
});
