/**
 * Where systems keep OpenSSL 3.
 *
 * @module
 */

import { existsSync, readFileSync, realpathSync } from "node:fs";
import { platform } from "node:process";
import { machineName } from "../../../base/libc_paths.ts";
import { runtime } from "../../../runtimes/mod.ts";

/** Absolute paths in the system's library folders: never a bare name or the current directory. */
export const libsslPaths: readonly string[] = platform === "linux"
  ? [
    ...[`/usr/lib/${machineName()}-linux-gnu`, `/lib/${machineName()}-linux-gnu`],
    ...["/usr/lib64", "/lib64", "/usr/lib", "/lib"],
  ].map((folder) => `${folder}/libssl.so.3`)
  : platform === "darwin"
  ? ["/opt/homebrew/opt/openssl@3/lib", "/usr/local/opt/openssl@3/lib", "/opt/local/lib"]
    .map((folder) => `${folder}/libssl.3.dylib`)
  : platform === "freebsd"
  ? ["/usr/lib/libssl.so.35", "/usr/lib/libssl.so.30", "/usr/local/lib/libssl.so.3"]
  : [];

/**
 * Where to look up libcrypto's functions, for the path of libssl, best first. The libcrypto beside it
 * belongs to it. When that is loaded, libssl depends on it, and not on another one of the same name that
 * the system would find. Except on Windows, a look-up in libssl also searches what it depends on.
 */
export function libcryptoPaths(libssl: string): readonly string[] {
  const beside = besideIt(libssl);
  return platform === "win32" || beside === libssl ? [beside] : [beside, libssl];
}

function besideIt(libssl: string): string {
  return libssl.replace(/libssl(?=[^\\/]*$)/i, "libcrypto");
}

/**
 * The same paths, the newest library first, as far as its version can be told without loading it: two of
 * them in one process would mix their functions.
 */
export function newestFirst(paths: readonly string[]): readonly string[] {
  try {
    const files = new Set(paths.filter(isThere).map((path) => realpathSync(path)));
    if (files.size < 2) return paths;
    const versions = new Map(paths.map((path) => [path, versionOf(path)]));
    return [...paths].sort((a, b) => (versions.get(b) ?? 0) - (versions.get(a) ?? 0));
  } catch {
    return paths; // A file can't be read, or has just gone.
  }
}

function isThere(path: string): boolean {
  return runtime.mayAccess(path, "read") && existsSync(path);
}

/** What every libcrypto says of itself, such as `OpenSSL 3.5.4 30 Sep 2025`. */
const VERSION = /OpenSSL (\d+)\.(\d+)\.(\d+)[ -]/;

/** The version of a libssl, as a number that grows with it; 0 where it can't be told. */
function versionOf(libssl: string): number {
  const libcrypto = besideIt(libssl);
  if (!isThere(libcrypto)) return 0;
  const [, major, minor, patch] = VERSION.exec(readFileSync(libcrypto, "latin1")) ?? [];
  return Number(major ?? 0) * 1e6 + Number(minor ?? 0) * 1e3 + Number(patch ?? 0);
}
