/**
 * Where systems keep their C library.
 *
 * @module
 */

import { arch } from "node:process";
import { runtime } from "../runtimes/mod.ts";

/** Debian's names for the architectures, as they occur in the names of its library folders. */
const multiarch: Readonly<Record<string, string>> = {
  arm64: "aarch64",
  riscv64: "riscv64",
  x64: "x86_64",
};

/** The first part of Debian's library folder for this process: `x86_64` of `x86_64-linux-gnu`. */
export const triplet: string = multiarch[arch] ?? arch;

/** The default Windows folder. */
const WINDOWS = "C:\\Windows";

/**
 * Absolute paths of the C library, the likeliest first. Bundlers fold this when `process.platform`
 * is defined as a constant.
 */
export const libcPaths: readonly string[] =
  // deno-lint-ignore no-process-global -- an imported `process` can't be replaced by --define
  process.platform === "linux" || process.platform === "android"
    ? [
      `/lib/${triplet}-linux-gnu/libc.so.6`,
      "/lib64/libc.so.6",
      "/lib/libc.so.6",
      "/usr/lib/libc.so.6",
      `/lib/ld-musl-${triplet}.so.1`,
      "/system/lib64/libc.so",
    ]
    // deno-lint-ignore no-process-global
    : process.platform === "darwin"
    ? ["/usr/lib/libSystem.B.dylib"]
    // deno-lint-ignore no-process-global
    : process.platform === "freebsd"
    ? ["/lib/libc.so.7"]
    // deno-lint-ignore no-process-global
    : process.platform === "win32"
    ? [`${runtime.env("SystemRoot") ?? WINDOWS}\\System32\\msvcrt.dll`]
    : [];
