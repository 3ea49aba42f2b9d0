/**
 * The package as others get it: its manifests, and what npm packs.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { version } from "../../cli/version.ts";
import { makeFolder, removeFolder } from "../peers/folder.ts";
import { flagsFor } from "../register/flagged.ts";
import { installPackage, root, runHere } from "./packed.ts";

const folder = makeFolder();
after(() => removeFolder(folder));
const installed = installPackage(folder);
const npmPackage = manifest("package.json");
const denoPackage = manifest("deno.json");

function manifest(file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(root, file), "utf8"));
}

test("both registries and the command speak of the same version", () => {
  for (const key of ["name", "version", "license"]) assert.equal(npmPackage[key], denoPackage[key]);
  assert.equal(npmPackage["version"], version);
});

test("the package depends on nothing; its declarations name Node's types, where there are some", () => {
  assert.equal(npmPackage["dependencies"], undefined);
  assert.equal(npmPackage["optionalDependencies"], undefined);
  assert.deepEqual(npmPackage["peerDependencies"], { "@types/node": "*" });
  assert.deepEqual(npmPackage["peerDependenciesMeta"], { "@types/node": { optional: true } });
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

const ADAPTERS = [
  ...["agent", "fetch", "http2", "mqtt", "mysql", "nodemailer", "pg", "redis", "undici"],
];

test("npm packs the library, the adapters, the flag, the command, and nothing else", () => {
  assert.deepEqual(readdirSync(installed).sort(), ["LICENSE", "README.md", "dist", "package.json"]);
  const kinds = ["cjs", "cjs.map", "d.cts", "d.ts", "js", "js.map"];
  const modules = ["mod", ...ADAPTERS].flatMap((name) => kinds.map((kind) => `${name}.${kind}`));
  const flag = ["register.d.ts", "register.js", "register.js.map"];
  const files = ["cli.js", "cli.js.map", ...flag, ...modules];
  assert.deepEqual(readdirSync(join(installed, "dist")).sort(), files.sort());
});

test("npm installs nothing beside it", () => {
  const entries = readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."));
  assert.deepEqual(entries, ["@firstflight"]);
});

test("importing it does nothing that can be noticed", () => {
  const program = join(folder, "importer.mjs");
  writeFileSync(program, importer);
  const imported = runHere(folder, program);
  assert.deepEqual(imported, { status: 0, stdout: "function \n", stderr: "" });
});

test("an adapter is imported and required by its name, with the one library", () => {
  for (const name of ADAPTERS) {
    for (const kind of ["js", "cjs"]) {
      const text = readFileSync(join(installed, `dist/${name}.${kind}`), "utf8");
      assert.match(text, kind === "js" ? /from '\.\/mod\.js'/ : /require\('\.\/mod\.cjs'\)/);
      assert.doesNotMatch(text, /class TlsConn/);
    }
    const program = join(folder, `${name}.mjs`);
    writeFileSync(
      program,
      `import { createRequire } from "node:module";
      const imported = Object.entries(await import("@firstflight/tls/${name}"));
      const required = createRequire(import.meta.url)("@firstflight/tls/${name}");
      console.log(imported.length > 0, imported.every(([name, own]) => required[name] === own));`,
    );
    assert.deepEqual(runHere(folder, program), { status: 0, stdout: "true true\n", stderr: "" });
  }
});

test("the flag is set by its name, with the one library, which it does not load before it is needed", () => {
  const text = readFileSync(join(installed, "dist/register.js"), "utf8");
  assert.doesNotMatch(text, /class TlsConn|from 'node:/);
  const program = join(folder, "flagged.mjs");
  writeFileSync(
    program,
    `import { connect } from "node:tls";
    const socket = connect({ host: "127.0.0.1", port: 1 });
    socket.on("error", async ({ code }) => {
      const { TlsSocket } = await import("@firstflight/tls");
      console.log(code, socket instanceof TlsSocket);
    });`,
  );
  // Deno takes a path, or a specifier with a scheme.
  const isDeno = "deno" in process.versions;
  const name = isDeno ? join(installed, "dist/register.js") : "@firstflight/tls/register";
  const [option = ""] = flagsFor(name);
  const { stdout, stderr } = runHere(folder, option, program);
  assert.deepEqual([stdout, stderr], ["ECONNREFUSED true\n", ""]);
});

test("the command runs, with the one library", () => {
  const command = join(installed, "dist/cli.js");
  const text = readFileSync(command, "utf8");
  assert.match(text, /^#!\/usr\/bin\/env node\n/);
  assert.match(text, /from '\.\/mod\.js'/);
  assert.doesNotMatch(text, /class TlsConn/);
  const helped = runHere(folder, command, "--help");
  assert.equal(helped.status, 0, helped.stderr);
  assert.match(helped.stdout, /firstflight/);
});

test("source maps lead to the sources, and have them", () => {
  for (const file of ["cli.js", "mod.cjs", "mod.js", "register.js"]) {
    const map: { sources: string[]; sourcesContent: string[] } = JSON.parse(
      readFileSync(join(installed, "dist", `${file}.map`), "utf8"),
    );
    map.sources.forEach((source, index) => {
      const text = readFileSync(join(root, "dist", source), "utf8");
      assert.equal(map.sourcesContent[index], text, source);
    });
    const some = file === "register.js" ? "register/flag.ts" : "runtimes/mod.ts";
    assert.ok(map.sources.some((source) => source.endsWith(some)), file);
  }
});

test("classes keep their names, which stand in errors and logs", () => {
  const program = join(folder, "names.mjs");
  writeFileSync(
    program,
    `import * as library from "@firstflight/tls";
    const classes = Object.entries(library).filter(([name]) => /^[A-Z]/.test(name));
    console.log(classes.length > 5, classes.every(([name, own]) => own.name === name));`,
  );
  assert.equal(runHere(folder, program).stdout, "true true\n");
});
