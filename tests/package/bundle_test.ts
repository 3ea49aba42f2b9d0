/**
 * A bundle for one platform leaves the others' tables out; one for all of them chooses when it runs.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { fastOpenSupport } from "../../mod.ts";
import { makeFolder, removeFolder } from "../peers/folder.ts";
import { bundlers } from "./bundlers.ts";
import { installPackage, root, run } from "./packed.ts";

const folder = makeFolder();
after(() => removeFolder(folder));

/** The library as its sources, and as the one file that npm packs. */
const libraries = {
  "mod.ts": "mod.ts",
  "dist/mod.js": join(installPackage(folder), "dist/mod.js"),
};

/** By `process.platform`: what only that platform's table says. */
const telltales: Readonly<Record<string, string>> = {
  linux: "/lib/ld-musl-",
  darwin: "/usr/lib/libSystem.B.dylib",
  freebsd: "/lib/libc.so.7",
  win32: "no JavaScript runtime can adopt a socket that ConnectEx opened",
  aix: "this platform's Fast Open calls are not known here",
};

/** Android has Linux's kernel and Linux's table. */
const tableOf: Readonly<Record<string, string>> = { android: "linux" };

/** Runs a bundler; returns where it has put the bundle. */
function bundle(bundler: keyof typeof bundlers, library: string, ...more: string[]): string {
  const output = join(folder, `bundle${++bundles}.mjs`);
  const command = bundlers[bundler].command(library, output, "esm");
  const { status, stderr } = run(root, ...command, ...more);
  assert.equal(status, 0, stderr);
  return output;
}

let bundles = 0;

function tablesIn(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return Object.keys(telltales).filter((platform) => text.includes(telltales[platform] ?? ""));
}

async function mechanismOf(file: string): Promise<string> {
  const bundled: typeof import("../../mod.ts") = await import(pathToFileURL(file).href);
  return bundled.fastOpenSupport().mechanism;
}

for (const [name, library] of Object.entries(libraries)) {
  for (const [bundler, define] of [["bun build", "--define="], ["esbuild", "--define:"]] as const) {
    const bundleFor = (platform: string) =>
      bundle(bundler, library, `${define}process.platform="${platform}"`);

    for (const platform of [...Object.keys(telltales), ...Object.keys(tableOf)]) {
      test(`${bundler} of ${name} for ${platform} keeps that platform's table and no other`, () => {
        assert.deepEqual(tablesIn(bundleFor(platform)), [tableOf[platform] ?? platform]);
      });
    }

    test(`${bundler} of ${name} for this platform works`, async () => {
      const file = bundleFor(process.platform);
      assert.equal(await mechanismOf(file), fastOpenSupport().mechanism);
    });
  }

  for (const bundler of ["bun build", "deno bundle", "esbuild"] as const) {
    test(`${bundler} of ${name} for any platform keeps all tables, and works here`, async () => {
      const file = bundle(bundler, library);
      assert.deepEqual(tablesIn(file), Object.keys(telltales));
      assert.equal(await mechanismOf(file), fastOpenSupport().mechanism);
    });
  }
}
