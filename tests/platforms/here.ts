/**
 * The project on this machine, with the runtimes in its `node_modules`.
 *
 *     node_modules/.bin/node tests/platforms/here.ts [deno] [bun] [node]
 *
 * Needs root, and what `npm run setup` installs.
 *
 * @module
 */

import process from "node:process";
import { type Command, flags, runPlatform, type RuntimeName } from "./platform.ts";
import { project } from "./provisions.ts";

function installed(runtime: RuntimeName): Command {
  return {
    command: `${project}/node_modules/.bin/${runtime}`,
    args: [...flags[runtime], `${project}/tests/platforms/program.ts`],
  };
}

await runPlatform({
  name: `This machine, ${process.platform} ${process.arch}`,
  expected: {
    os: process.platform,
    arch: process.arch,
    libc: /\/libc\.so\.6$/,
    fastOpen: true,
    tcpInfo: true,
    engine: "openssl",
  },
  runtimes: { deno: installed("deno"), bun: installed("bun"), node: installed("node") },
}, process.argv.slice(2));
