/**
 * The package loads by `import` and by `require`, as one and the same module.
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { makeFolder, removeFolder } from "../peers/folder.ts";
import { GREETED, greeting, installPackage, printing, run, runHere, tool } from "./packed.ts";

const folder = makeFolder();
after(() => removeFolder(folder));
const installed = installPackage(folder);

function write(name: string, program: string): string {
  writeFileSync(join(folder, name), program);
  return name;
}

for (const [how, name] of [["import", "import.mjs"], ["require", "require.cjs"]] as const) {
  test(`${how} works`, () => {
    const { stdout, stderr } = runHere(folder, write(name, greeting(how) + printing));
    assert.equal(stdout, GREETED, stderr);
  });
}

test("import and require give the same module", () => {
  const program = `
    const required = require("@firstflight/tls");
    import("@firstflight/tls").then((imported) => {
      const names = Object.keys(imported);
      console.log(names.length > 10, names.every((name) => imported[name] === required[name]));
    });`;
  const { stdout, stderr } = runHere(folder, write("same.cjs", program));
  assert.equal(stdout, "true true\n", stderr);
});

test("the CommonJS file works where nobody can require ES modules", () => {
  const path = join(installed, "dist/mod.cjs");
  const { stdout, stderr } = runHere(
    folder,
    write("common.cjs", greeting("require", path) + printing),
  );
  assert.equal(stdout, GREETED, stderr);
});

test("Jest works as it is without a configuration", () => {
  const expectation = `expect(await greet() + "\\n").toBe(${JSON.stringify(GREETED)});`;
  const program = `${greeting("require")}test("greets", async () => { ${expectation} });`;
  write("greeting.test.js", program);
  const cache = `--cacheDirectory=${join(folder, ".jest")}`;
  const { status, stderr } = run(folder, ...tool("jest"), "--watchman=false", cache);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /1 passed, 1 total/);
});
