/**
 * Builds what npm gets: JavaScript with declarations in dist/, since Node strips no types in packages.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

rmSync("dist", { recursive: true, force: true });
execFileSync("node_modules/.bin/tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });

// From npm the command runs on Node, whatever the source is run with.
const command = readFileSync("dist/cli.js", "utf8");
writeFileSync("dist/cli.js", command.replace(/^#!.*/, "#!/usr/bin/env node"));
