/**
 * A bundle for one platform leaves the others' tables out; one for all of them chooses when it runs.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { fastOpenSupport } from "../../mod.ts";
import { makeFolder, removeFolder } from "../peers/folder.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const folder = makeFolder();
after(() => removeFolder(folder));

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
function bundle(name: string, program: "bun" | "deno", ...args: readonly string[]): string {
  const output = join(folder, `${name}.js`);
  const command = [...args, program === "bun" ? `--outfile=${output}` : `--output=${output}`];
  execFileSync(join(root, "node_modules/.bin", program), command, { cwd: root, stdio: "pipe" });
  return output;
}

function tablesIn(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return Object.keys(telltales).filter((platform) => text.includes(telltales[platform] ?? ""));
}

async function mechanismOf(file: string): Promise<string> {
  const bundled: typeof import("../../mod.ts") = await import(pathToFileURL(file).href);
  return bundled.fastOpenSupport().mechanism;
}

function bundleFor(platform: string): string {
  const define = `--define=process.platform="${platform}"`;
  return bundle(platform, "bun", "build", "mod.ts", "--target=node", define);
}

for (const platform of [...Object.keys(telltales), ...Object.keys(tableOf)]) {
  test(`bun build for ${platform} keeps that platform's table and no other`, () => {
    assert.deepEqual(tablesIn(bundleFor(platform)), [tableOf[platform] ?? platform]);
  });
}

test("a bundle for this platform works", async () => {
  assert.equal(await mechanismOf(bundleFor(process.platform)), fastOpenSupport().mechanism);
});

for (
  const [program, args] of [["bun", ["build", "--target=node"]], ["deno", ["bundle"]]] as const
) {
  test(`${program} ${args[0]} for any platform keeps all tables, and works here`, async () => {
    const file = bundle(`any-${program}`, program, ...args, "mod.ts");
    assert.deepEqual(tablesIn(file), Object.keys(telltales));
    assert.equal(await mechanismOf(file), fastOpenSupport().mechanism);
  });
}
