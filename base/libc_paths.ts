/**
 * Where systems keep their C library.
 *
 * @module
 */

import { arch } from "node:process";
import { runtime } from "../runtimes/mod.ts";

/** Debian's names for the architectures, which its library folders have. */
const multiarch: Readonly<Record<string, string>> = {
  arm64: "aarch64",
  riscv64: "riscv64",
  x64: "x86_64",
};

/** The folder of this process's architecture under Debian's library folders, without its ending. */
export const triplet: string = multiarch[arch] ?? arch;

/** The Windows folder, by default. */
const WINDOWS = "C:\\Windows";

/** The C library's paths, absolute, the likeliest first. Bundlers fold this as they fold the platform. */
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
