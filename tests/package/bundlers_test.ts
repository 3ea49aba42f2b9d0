/**
 * Bundlers take the package without a remark, and their bundles work.
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { makeFolder, removeFolder } from "../peers/folder.ts";
import { type Bundler, bundlers, formats } from "./bundlers.ts";
import { GREETED, greeting, installPackage, printing, root, run, runHere } from "./packed.ts";

const folder = makeFolder();
after(() => removeFolder(folder));
installPackage(folder);

/** By what is bundled: the file's name, and what is in it. */
const programs = {
  "an import of the package": ["import.mjs", greeting("import")],
  "a require of the package": ["require.cjs", greeting("require")],
  "an import of mod.ts": ["source.mjs", greeting("import", join(root, "mod.ts"))],
} as const;

for (const [what, [input, program]] of Object.entries(programs)) {
  writeFileSync(join(folder, input), program + printing);
  for (const [name, bundler] of Object.entries<Bundler>(bundlers)) {
    if (!bundler.takesAll && input !== "import.mjs") continue;
    for (const format of bundler.formats) {
      test(`${name} makes ${format} of ${what}`, () => {
        const output = `${name.replace(" ", "_")}_${input}.${formats[format]}`;
        const { status, stdout, stderr } = run(folder, ...bundler.command(input, output, format));
        const remarks = (stdout + stderr).replace("deno bundle is experimental", "");
        assert.equal(status, 0, remarks);
        assert.doesNotMatch(remarks, /warn|error|\(!\)/i);
        const ran = runHere(folder, output);
        assert.equal(ran.stdout, GREETED, ran.stderr);
      });
    }
  }
}

writeFileSync(join(folder, "required.cjs"), `exports.required = require("@firstflight/tls");`);
writeFileSync(
  join(folder, "both.mjs"),
  `import * as imported from "@firstflight/tls";
  import { required } from "./required.cjs";
  console.log(imported.connectTls === required.connectTls);`,
);
// Not so Bun for Node: it looks for "node" and "require", and by these Jest must find CommonJS.
for (const name of ["esbuild", "deno bundle"] as const) {
  test(`${name} puts one library in a bundle that imports and requires it`, () => {
    const output = `${name.replace(" ", "_")}_both.mjs`;
    const bundled = run(folder, ...bundlers[name].command("both.mjs", output, "esm"));
    assert.equal(bundled.status, 0, bundled.stderr);
    const ran = runHere(folder, output);
    assert.equal(ran.stdout, "true\n", ran.stderr);
  });
}
