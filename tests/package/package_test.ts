/**
 * The package as others get it: its manifests, and what npm packs.
 */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { version } from "../../cli/version.ts";
import { makeFolder, removeFolder } from "../peers/folder.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const npmPackage = manifest("package.json");
const denoPackage = manifest("deno.json");

function manifest(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(root, file), "utf8"));
}

test("both registries and the command speak of the same version", () => {
  for (const key of ["name", "version", "license"]) assert.equal(npmPackage[key], denoPackage[key]);
  assert.equal(npmPackage["version"], version);
});

test("the package depends on nothing", () => {
  for (const kind of ["dependencies", "peerDependencies", "optionalDependencies"]) {
    assert.equal(npmPackage[kind], undefined);
  }
  assert.equal(denoPackage["imports"], undefined);
});

test("tsc is as strict as Deno", () => {
  const { compilerOptions } = manifest("tsconfig.json") as { compilerOptions: object };
  const asStrict = { ...compilerOptions, ...denoPackage["compilerOptions"] as object };
  assert.deepEqual(compilerOptions, asStrict);
});

/** A program that shows what importing the package does: nothing that can be noticed. */
const importer = `
const { existsSync, readFileSync } = await import("node:fs");
const maps = "/proc/self/maps";
const libraries = () => existsSync(maps) ? readFileSync(maps, "utf8").match(/\\/\\S+\\.so\\S*/g) : [];
const before = new Set(libraries());
const { connectTls } = await import("@firstflight/tls");
console.log(typeof connectTls, libraries().filter((library) => !before.has(library)).join());
`;

test("npm's package can be installed, imported and run", () => {
  const folder = makeFolder();
  const npm = (cwd: string, ...args: readonly string[]) =>
    execFileSync("npm", args, { cwd, encoding: "utf8", stdio: "pipe" });
  try {
    const packed = npm(root, "pack", "--silent", "--pack-destination", folder);
    writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
    const tarball = `./${packed.trim().split("\n").at(-1)}`;
    npm(folder, "install", "--offline", "--no-audit", "--no-fund", tarball);

    const program = join(folder, "importer.js");
    writeFileSync(program, importer);
    const imported = run(folder, program);
    assert.deepEqual(imported, { status: 0, stdout: "function \n", stderr: "" });

    const command = join(folder, "node_modules/@firstflight/tls/dist/cli.js");
    assert.match(readFileSync(command, "utf8"), /^#!\/usr\/bin\/env node\n/);
    const helped = run(folder, command, "--help");
    assert.equal(helped.status, 0, helped.stderr);
    assert.match(helped.stdout, /firstflight/);
  } finally {
    removeFolder(folder);
  }
});

/** Runs a program on this runtime, as somebody would who only has the package. */
function run(folder: string, program: string, ...args: readonly string[]) {
  const flags = "deno" in process.versions ? ["run", "-A", "--quiet"] : [];
  const command = [...flags, program, ...args];
  const options = { cwd: folder, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, command, options);
  return { status, stdout, stderr };
}
