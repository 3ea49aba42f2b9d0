import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { neverTried } from "./library.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

test("every library that is installed for it is tried, and no other is said to be left out", () => {
  const { devDependencies } = JSON.parse(
    readFileSync(`${root}/tools/libraries/package.json`, "utf8"),
  );
  const libraries = Object.keys(devDependencies);
  assert.ok(libraries.length > 20, `only ${libraries.length} found`);
  const files = globSync("tests/libraries/*.ts", { cwd: root });
  const code = files.map((file) => readFileSync(`${root}/${file}`, "utf8")).join("\n");
  const isLoaded = (name: string) => new RegExp(`\\(\\s*"${name}(/promise)?",?\\s*\\)`).test(code);
  const hasPage = (name: string) => existsSync(`${root}/docs/integrations/${name}.md`);
  assert.deepEqual(libraries.filter((name) => !isLoaded(name) && !hasPage(name)), []);
  assert.deepEqual(Object.keys(neverTried).filter((name) => libraries.includes(name)), []);
});
