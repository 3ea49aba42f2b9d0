/**
 * What others' tools have to say of the package that npm packs: publint of its manifest, attw of its
 * declarations. Whatever they say, suggestions included, is a failure.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { pack, tool } from "../tests/package/packed.ts";

const tarball = pack();

const [program = "", ...args] = [...tool("attw"), tarball];
// TypeScript's first way to find modules knows no subpaths; TypeScript 7 has dropped it.
const profile = [...args, "--profile", "node16"];
const look = (...only: string[]) => spawnSync(program, [...profile, ...only], { stdio: "inherit" });
const attw = [
  look("--exclude-entrypoints", "register"),
  // What flags of the runtimes load is an ES module.
  look("--entrypoints", "register", "--ignore-rules", "cjs-resolves-to-esm"),
];

const { buffer } = Uint8Array.from(readFileSync(tarball));
const { messages, pkg } = await publint({ pack: { tarball: buffer } });
for (const message of messages) console.log(`publint: ${formatMessage(message, pkg)}`);

process.exitCode = attw.every(({ status }) => status === 0) && messages.length === 0 ? 0 : 1;
