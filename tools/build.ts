/**
 * Builds what npm gets, in dist/: the library as one file for each module system, since every file
 * costs time when it is imported, the flag, and the command. Node strips no types in packages.
 *
 * tsc compiles; Rollup, unlike other bundlers, keeps the names of classes, which users see in errors
 * and logs.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type OutputOptions, type Plugin, rollup, type RollupOptions } from "rollup";
import { declarationPlugins } from "./declarations/plugins.ts";

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

/** What tsc writes, file by file; gone when the build is over. */
const compiled = "dist/compiled";

rmSync("dist", { recursive: true, force: true });
execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });

await bundle({ input: `${compiled}/mod.js`, plugins: [sourceMaps()] }, [
  { file: "dist/mod.js", format: "es", sourcemap: true },
  { file: "dist/mod.cjs", format: "cjs", sourcemap: true },
]);
await bundle(
  { input: `${compiled}/cli.js`, plugins: [libraryApart("js"), onNode(), sourceMaps()] },
  [
    { file: "dist/cli.js", format: "es", sourcemap: true },
  ],
);
await bundle({ input: `${compiled}/register.js`, plugins: [libraryApart("js"), sourceMaps()] }, [
  { file: "dist/register.js", format: "es", sourcemap: true },
]);
for (const file of readdirSync("adapters").filter((name) => name.endsWith(".ts"))) {
  const name = basename(file, ".ts");
  for (const [extension, format] of [["js", "es"], ["cjs", "cjs"]] as const) {
    const plugins = [libraryApart(extension), sourceMaps()];
    await bundle({ input: `${compiled}/adapters/${name}.js`, plugins }, [
      { file: `dist/${name}.${extension}`, format, sourcemap: true },
    ]);
  }
  await declare(`adapters/${name}`, name);
}
await declare("register", "register");
await declare("mod", "mod");

rmSync(compiled, { recursive: true });

/** Writes the declarations of a module, for both module systems. */
async function declare(input: string, name: string): Promise<void> {
  // The flag is loaded by the runtimes, which take an ES module; it may wait, which CommonJS can't.
  const extensions = name === "register" ? ["ts"] as const : ["ts", "cts"] as const;
  // The name alone makes a file TypeScript's description of a CommonJS module; they say the same.
  for (const extension of extensions) {
    const library = libraryApart(extension === "ts" ? "js" : "cjs");
    const plugins = name === "mod" ? declarationPlugins : [library, ...declarationPlugins];
    await bundle({ input: `${compiled}/${input}.d.ts`, plugins }, [
      { file: `dist/${name}.d.${extension}`, format: "es" },
    ]);
  }
}

/** Writes `outputs`, each one file; whatever Rollup would warn about fails the build. */
async function bundle(input: RollupOptions, outputs: readonly OutputOptions[]): Promise<void> {
  const bundle = await rollup({
    ...input,
    external: /^node:/,
    onwarn({ code, message }) {
      // What tsc makes of `using` looks for an older copy of itself in `this`, and may find none.
      if (code !== "THIS_IS_UNDEFINED") throw new Error(message);
    },
  });
  for (const output of outputs) await bundle.write(output);
  await bundle.close();
}

/** Passes on what tsc knows of the sources' lines. */
function sourceMaps(): Plugin {
  return {
    name: "source maps",
    load: (file) => ({
      code: readFileSync(file, "utf8"),
      map: readFileSync(`${file}.map`, "utf8"),
    }),
  };
}

/**
 * Leaves the library to dist/mod.js or dist/mod.cjs, so that the command and the adapters have no second
 * one in them. What mod.ts does not export, the seam between runtimes, has no state and is in both.
 */
function libraryApart(extension: "js" | "cjs"): Plugin {
  const library = resolve(compiled, "mod");
  return {
    name: "library apart",
    resolveId(specifier, importer = "") {
      const found = resolve(dirname(importer), specifier).replace(/\.[jt]s$/, "");
      return found === library ? { id: `./mod.${extension}`, external: true } : undefined;
    },
  };
}

/** From npm the command runs on Node, whatever the source is run with. */
function onNode(): Plugin {
  return {
    name: "on Node",
    renderChunk: (code) => ({ code: code.replace(/^#!.*/, "#!/usr/bin/env node"), map: null }),
  };
}
