/** What CONTRIBUTING.md says of files: it is no help when it leads to one that has moved. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A path, with a folder or without: `tests/netlab/`, `mod.ts`. */
const PATH = /^[\w.]+\/[\w./]*$|^\w[\w.]*\.(ts|md|json|mjs)$/;

/** What is still to be made, by whoever follows the document. */
const TO_COME = /NAME/;

test("the files that CONTRIBUTING.md names exist", () => {
  const text = readFileSync(`${root}/CONTRIBUTING.md`, "utf8");
  const quoted = [...text.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
  const linked = [...text.matchAll(/\]\(([^):#]+)\)/g)].map(([, target = ""]) => target);
  const run = [...text.matchAll(/^ {4}.*?([\w/]+\.ts)\b/gm)].map(([, file = ""]) => file);
  const named = [...quoted.filter((code) => PATH.test(code)), ...linked, ...run];
  assert.ok(named.length > 50, `only ${named.length} found`);
  const missing = named.filter((path) => !TO_COME.test(path) && !existsSync(`${root}/${path}`));
  assert.deepEqual(missing, []);
});
