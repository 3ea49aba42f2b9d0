/**
 * Every platform that ffi/ declares, once for all headers that may differ, with the evidence for
 * it.
 *
 * @module
 */

import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { darwin } from "../../ffi/darwin.ts";
import { freebsd } from "../../ffi/freebsd.ts";
import { linux } from "../../ffi/linux.ts";
import { OPENSSL } from "../../ffi/openssl.ts";
import type { PlatformTable } from "../../ffi/table.ts";
import { windows } from "../../ffi/windows.ts";
import { debianPackage, zigFolder } from "./downloads.ts";
import { entriesOf, exportsOf, opensslEntries } from "./entries.ts";
import type { Evidence, Target } from "./entry.ts";
import { goEvidence } from "./go.ts";
import { headersEvidence } from "./headers.ts";
import { libraryEvidence } from "./libraries.ts";
import { rustEvidence } from "./rust.ts";

const posix = [
  "errno.h",
  "net/if.h",
  "netinet/in.h",
  "string.h",
  "sys/socket.h",
  "sys/uio.h",
  "unistd.h",
];

/** All targets. Fetches what their proofs need and is missing. */
export async function targets(): Promise<Target[]> {
  return [
    ...["x86_64", "aarch64", "riscv64"].map((arch) => linuxTarget(`${arch}-linux-gnu`)),
    ...["x86_64", "aarch64"].map((arch) => linuxTarget(`${arch}-linux-musl`)),
    await androidTarget(),
    ...["x86_64", "aarch64"].map((arch) => darwinTarget(`${arch}-macos.13.0`)),
    freebsdTarget(),
    windowsTarget("x86_64-windows-gnu"),
    opensslTarget(opensslOfDebian()),
    opensslTarget(opensslOfNode()),
    opensslTarget(opensslOfNode(), "x86_64-windows-gnu", windows),
  ];
}

function zig(target: string, headers: readonly string[], options: readonly string[] = []) {
  const zig = zigFolder();
  const cache = `ZIG_GLOBAL_CACHE_DIR=${zig}-cache`; // The default is the user's own cache.
  const compiler = ["env", cache, join(zig, "zig"), "c++", "-target", target, ...options];
  return headersEvidence({ name: "the C headers", compiler, headers });
}

/** The kernel's headers know more of tcp_info than glibc's. They can't be included together. */
function linuxUapi(target: string): Evidence {
  return zig(target, ["linux/tcp.h"]);
}

function linuxTarget(target: string): Target {
  const entries = entriesOf("linux", linux);
  const libc = join(zigFolder(), "lib/libc");
  const list = target.endsWith("gnu") ? "glibc/abilists" : "musl/libc.S";
  return {
    name: target,
    entries: [...entries, ...exportsOf(entries)],
    evidence: [
      zig(target, [...posix, "netinet/tcp.h"]),
      linuxUapi(target),
      libraryEvidence("the C library", join(libc, list), ""),
    ],
  };
}

/** bionic's headers are not available. Its kernel's headers are those of Linux. */
async function androidTarget(): Promise<Target> {
  const modules = [
    "unix/linux_like/android/b64/aarch64/mod.rs",
    "unix/linux_like/android/b64/mod.rs",
    "unix/linux_like/android/mod.rs",
    "unix/linux_like/mod.rs",
    "unix/mod.rs",
  ];
  return {
    name: "aarch64-android",
    entries: entriesOf("android", await linuxTableOn("android")),
    evidence: [
      rustEvidence(libcCrate(), { modules, cfg: [] }),
      goEvidence(goUnix(), ["zerrors_linux.go", "zerrors_linux_arm64.go", "ztypes_linux.go"]),
      linuxUapi("aarch64-linux-musl"),
    ],
  };
}

function darwinTarget(target: string): Target {
  const entries = entriesOf("darwin", darwin);
  const list = join(zigFolder(), "lib/libc/darwin/libSystem.13.tbd");
  return {
    name: target,
    entries: [...entries, ...exportsOf(entries)],
    evidence: [
      zig(target, [...posix, "netinet/tcp.h", "sys/ioctl.h", "sys/sysctl.h", "sys/time.h"]),
      libraryEvidence("libSystem", list, "_"),
    ],
  };
}

function freebsdTarget(): Target {
  const modules = [
    "unix/bsd/freebsdlike/freebsd/x86_64/mod.rs",
    "unix/bsd/freebsdlike/freebsd/freebsd14/x86_64.rs",
    "unix/bsd/freebsdlike/freebsd/freebsd14/mod.rs",
    "unix/bsd/freebsdlike/freebsd/mod.rs",
    "unix/bsd/freebsdlike/mod.rs",
    "unix/bsd/mod.rs",
    "unix/mod.rs",
  ];
  return {
    name: "x86_64-freebsd",
    entries: entriesOf("freebsd", freebsd),
    evidence: [
      rustEvidence(libcCrate(), { modules, cfg: ["freebsd14"] }),
      goEvidence(goUnix(), ["zerrors_freebsd_amd64.go"]),
    ],
  };
}

/** This table declares nothing about sockets. The proof is that there is nothing to declare. */
function windowsTarget(target: string): Target {
  const entries = entriesOf("windows", windows);
  const list = join(zigFolder(), "lib/libc/mingw/lib-common/msvcrt.def.in");
  return {
    name: target,
    entries: [...entries, ...exportsOf(entries)],
    evidence: [
      zig(target, ["errno.h", "string.h", "winsock2.h", "ws2tcpip.h", "mswsock.h"]),
      libraryEvidence("msvcrt", list, ""),
    ],
  };
}

/** Headers of OpenSSL. */
interface OpensslHeaders {
  readonly of: string;
  readonly folders: readonly string[];
}

/** The version that Deno and Bun find on the oldest Debian with OpenSSL 3. */
function opensslOfDebian(): OpensslHeaders {
  const include = join(debianPackage("libssl-dev", "bookworm"), "usr/include");
  return { of: "Debian 12", folders: [include, join(include, "x86_64-linux-gnu")] };
}

/** The version inside Node, whose package contains the headers. */
function opensslOfNode(): OpensslHeaders {
  const [include] = globSync("node_modules/node-linux-*/include/node");
  if (include === undefined) throw new Error("The headers of Node's package are missing");
  return { of: "Node", folders: [resolve(include)] };
}

function opensslTarget(
  { of, folders }: OpensslHeaders,
  target = "x86_64-linux-gnu",
  table: PlatformTable = linux,
): Target {
  const names = ["bio", "err", "evp", "pem", "ssl", "tls1", "x509", "x509_vfy", "x509v3"];
  const version = opensslVersion(folders);
  const entries = opensslEntries(table, OPENSSL, (constant) => {
    const since = sinceVersion(constant);
    return since !== undefined && Number(since) > Number(/^\d+\.\d+/.exec(version)?.[0]);
  });
  const options = folders.map((folder) => `-I${folder}`);
  const headers = names.map((name) => `openssl/${name}.h`);
  return {
    name: `OpenSSL ${version} (${of}${table === linux ? "" : `, ${table.os}`})`,
    entries,
    evidence: [zig(target, headers, options)],
  };
}

function opensslVersion(folders: readonly string[]): string {
  const [header = ""] = folders.flatMap((folder) =>
    globSync(`${folder}/openssl/{opensslv.h,archs/linux-x86_64/no-asm/include/openssl/opensslv.h}`)
  ).sort().filter((path) => /VERSION_STR "/.test(readFileSync(path, "utf8")));
  return /VERSION_STR "([\d.]+)"/.exec(readFileSync(header, "utf8"))?.[1] ?? "";
}

/** The OpenSSL version that introduced a constant, as the comment above the constant says. */
function sinceVersion(constant: string): string | undefined {
  const source = readFileSync("ffi/openssl.ts", "utf8");
  return new RegExp(`/\\*\\* Since (\\d+\\.\\d+)[^/]*\\*/\\s*${constant}:`).exec(source)?.[1];
}

function libcCrate(): string {
  const registry = join(debianPackage("librust-libc-dev", "trixie"), "usr/share/cargo/registry");
  const [crate = ""] = globSync(`${registry}/libc-*/src`);
  return crate;
}

function goUnix(): string {
  const folder = debianPackage("golang-golang-x-sys-dev", "trixie");
  return join(folder, "usr/share/gocode/src/golang.org/x/sys/unix");
}

/** Linux's table as on another platform: parts of it are chosen when the module is loaded. */
async function linuxTableOn(name: NodeJS.Platform): Promise<typeof linux> {
  const { platform } = process;
  Object.defineProperty(process, "platform", { value: name });
  try {
    return (await import(`../../ffi/linux.ts?${name}`)).linux;
  } finally {
    Object.defineProperty(process, "platform", { value: platform });
  }
}
