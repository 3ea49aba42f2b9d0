/**
 * The project on a Linux whose C library is musl, such as Alpine: Bun's build for musl, in a chroot
 * with nothing else. The other runtimes publish no such build.
 *
 *     node_modules/.bin/node tests/platforms/musl.ts
 *
 * Needs Debian on x86-64, root, npm, and what `npm run setup` installs. Installs the packages
 * mmdebstrap and tcc, and keeps the rest, 100 MB, in the user's cache folder.
 *
 * Bun's build needs musl's libstdc++, which Debian does not have. `musl.c` makes Debian's own
 * libstdc++ work instead. Debian has no libssl for musl either, so TLS is the runtime's.
 *
 * @module
 */

import { copyFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { runPlatform } from "./platform.ts";
import { debianRoot, inRoot, install, npmFile, project, run } from "./provisions.ts";

install("mmdebstrap", "tcc");
const root = debianRoot("musl", {
  suite: "bookworm",
  arch: "amd64",
  packages: ["libgcc-s1", "libstdc++6", "musl"],
  finish: leaveMusl,
});

/** Places libraries as Alpine does: where musl looks for them, and no glibc. */
function leaveMusl(root: string): void {
  const glibc = `${root}/usr/lib/x86_64-linux-gnu`;
  for (const name of ["libgcc_s.so.1", "libstdc++.so.6"]) {
    copyFileSync(`${glibc}/${name}`, `${root}/usr/lib/${name}`);
  }
  for (const folder of [glibc, `${root}/usr/lib64`]) rmSync(folder, { recursive: true });
  rmSync(`${root}/etc`, { recursive: true }); // It would make musl look in other folders.
}

const loader = `${root}/usr/lib/ld-linux-x86-64.so.2`;
run("tcc", ["-shared", "-nostdlib", "-o", loader, `${project}/tests/platforms/musl.c`]);
const bun = npmFile("@oven/bun-linux-x64-musl", "bin/bun");

await runPlatform({
  name: "Linux with musl",
  expected: {
    os: "linux",
    arch: "x64",
    libc: /^\/.*musl.*$/,
    fastOpen: true,
    tcpInfo: true,
    engine: "runtime",
  },
  runtimes: {
    bun: inRoot(root, dirname(bun), ["/programs/bun", "/project/tests/platforms/program.ts"]),
  },
}, process.argv.slice(2));
