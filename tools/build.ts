/**
 * Builds what npm gets, in dist/: the library as one file for each module system, since every file
 * costs time when it is imported, and the command. Node strips no types in packages.
 *
 * tsc compiles; Rollup, unlike other bundlers, keeps the names of classes, which users see in errors
 * and logs.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
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
await bundle({ input: `${compiled}/cli.js`, plugins: [libraryApart(), onNode(), sourceMaps()] }, [
  { file: "dist/cli.js", format: "es", sourcemap: true },
]);
await bundle({ input: `${compiled}/mod.d.ts`, plugins: declarationPlugins }, [
  { file: "dist/mod.d.ts", format: "es" },
]);
// Says the same in CommonJS: its name alone makes it TypeScript's description of a CommonJS module.
copyFileSync("dist/mod.d.ts", "dist/mod.d.cts");

rmSync(compiled, { recursive: true });

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
 * Leaves the library to dist/mod.js, so that the command has no second one in it. What mod.ts does not
 * export, the seam between runtimes, has no state and is in both.
 */
function libraryApart(): Plugin {
  const library = resolve(compiled, "mod.js");
  return {
    name: "library apart",
    resolveId(specifier, importer = "") {
      const found = resolve(dirname(importer), specifier);
      return found === library ? { id: "./mod.js", external: "relative" } : undefined;
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
