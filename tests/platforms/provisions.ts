/**
 * The parts of a platform: the runtimes' builds from npm, and Debian's packages, unpacked into a
 * folder. They are fetched once, and kept outside the project.
 *
 * @module
 */

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Command } from "./platform.ts";

/** The project's folder. */
export const project: string = fileURLToPath(new URL("../../", import.meta.url)).slice(0, -1);

const { XDG_CACHE_HOME } = process.env;
const cache = join(XDG_CACHE_HOME || join(homedir(), ".cache"), "firstflight");

/** A folder in the cache. `make` makes it in one piece or not at all. */
function cached(name: string, make: (folder: string) => void): string {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const unfinished = mkdtempSync(`${folder}.`);
  try {
    chmodSync(unfinished, 0o755); // Other users read some of the folders.
    make(unfinished);
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // Otherwise another process was faster.
  }
  return folder;
}

/** A folder where a runtime may keep compiled programs. */
export function scratch(name: string): string {
  return cached(name, () => {});
}

/** Runs a command that must not fail. Its output is only shown when it fails. */
export function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): void {
  const options = { encoding: "utf8", env: { ...process.env, ...env } } as const;
  const { status, error, stdout, stderr } = spawnSync(command, args, options);
  if (status !== 0) throw error ?? new Error(`${command} ${args.join(" ")}\n${stdout}${stderr}`);
}

/** Installs the given Debian packages that are missing here. */
export function install(...packages: readonly string[]): void {
  const missing = packages.filter((name) => {
    const query = ["-W", "-f=${db:Status-Status}", name];
    return spawnSync("dpkg-query", query, { encoding: "utf8" }).stdout !== "installed";
  });
  if (missing.length === 0) return;
  console.log(`installing ${missing.join(" ")}`);
  process.env["DEBIAN_FRONTEND"] = "noninteractive";
  mkdirSync(cache, { recursive: true });
  // Another platform may be installing, too, and apt-get would not wait for it.
  const aptGet = (...args: string[]) => run("flock", [join(cache, "lock"), "apt-get", ...args]);
  aptGet("update", "-qq");
  aptGet("install", "-qq", "--no-install-recommends", ...missing);
}

/** The version of an npm package in the lock file, such as a runtime's build for a platform. */
function lockedVersion(name: string): string {
  const lock = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8"));
  return lock.packages[`node_modules/${name}`].version;
}

/**
 * A file of an npm package. A runtime's build for another platform may be published later than the
 * build for this one. Until then the version before is used.
 */
export function npmFile(name: string, file: string, version: string = lockedVersion(name)): string {
  const folder = cached(`${name.replaceAll("/", "-")}-${version}`, (folder) => {
    console.log(`fetching ${name} ${version}`);
    run("npm", ["pack", "--silent", `--pack-destination=${folder}`, `${name}@<=${version}`]);
    const [tarball = ""] = readdirSync(folder);
    run("tar", ["-xf", join(folder, tarball), "-C", folder, "--strip-components=1"]);
    rmSync(join(folder, tarball));
  });
  return join(folder, file);
}

/** A part of a Debian system. */
export interface DebianRoot {
  /** The Debian release. */
  readonly suite: string;
  readonly arch: string;
  /** The packages. All that they depend on is added. */
  readonly packages: readonly string[];
  /** Completes the folder. */
  readonly finish?: (root: string) => void;
}

/** Debian packages, unpacked without running their scripts, for a chroot or an emulator. */
export function debianRoot(name: string, root: DebianRoot): string {
  const all = JSON.stringify({ ...root, finish: String(root.finish) });
  const digest = createHash("sha256").update(all).digest("hex").slice(0, 8);
  return cached(`${name}-${digest}`, (folder) => {
    console.log(`fetching Debian's ${root.packages.join(" ")} (${root.suite}, ${root.arch})`);
    run("mmdebstrap", [
      "--variant=extract",
      "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
      `--architectures=${root.arch}`,
      `--include=${root.packages.join(",")}`,
      root.suite,
      folder,
    ]);
    root.finish?.(folder);
  });
}

/**
 * The command that starts another one with `root` as its root folder, where the project is
 * `/project` and the folder `programs` is `/programs`. Whatever it starts ends with it.
 */
export function inRoot(
  root: string,
  programs: string,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Command {
  const script = `${project}/tests/platforms/in_root.sh`;
  const own = ["--mount", "--pid", "--fork", "--kill-child"];
  const args = [...own, "sh", script, root, project, programs, ...command];
  return { command: "unshare", args, env };
}

/** The first line of a command's output, such as its version. */
export function firstLine(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: "utf8" }).split("\n")[0] ?? "";
}
