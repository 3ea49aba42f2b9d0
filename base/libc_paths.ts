/**
 * Where systems keep their C library.
 *
 * @module
 */

import { arch } from "node:process";
import { runtime } from "../runtimes/mod.ts";

/** This process's architecture as Debian's library folders and musl name it. */
export function machineName(): string {
  const others: Readonly<Record<string, string>> = {
    arm64: "aarch64",
    riscv64: "riscv64",
    x64: "x86_64",
  };
  return others[arch] ?? arch;
}

/** glibc under multiarch folders and without, musl, bionic. */
function linuxPaths(): string[] {
  return [
    `/lib/${machineName()}-linux-gnu/libc.so.6`,
    "/lib64/libc.so.6",
    "/lib/libc.so.6",
    "/usr/lib/libc.so.6",
    `/lib/ld-musl-${machineName()}.so.1`,
    "/system/lib64/libc.so",
  ];
}

function darwinPaths(): string[] {
  return ["/usr/lib/libSystem.B.dylib"];
}

function freebsdPaths(): string[] {
  return ["/lib/libc.so.7"];
}

/** The C library that every Windows has. */
function windowsPaths(): string[] {
  return [`${runtime.env("SystemRoot") ?? "C:\\Windows"}\\System32\\msvcrt.dll`];
}

/**
 * Absolute paths of the C library, the likeliest first. Bundlers fold this when `process.platform`
 * is defined as a constant.
 */
export const libcPaths: readonly string[] =
  // deno-lint-ignore no-process-global -- an imported `process` can't be replaced by --define
  process.platform === "linux" || process.platform === "android"
    ? linuxPaths()
    // deno-lint-ignore no-process-global
    : process.platform === "darwin"
    ? darwinPaths()
    // deno-lint-ignore no-process-global
    : process.platform === "freebsd"
    ? freebsdPaths()
    // deno-lint-ignore no-process-global
    : process.platform === "win32"
    ? windowsPaths()
    : [];
