/**
 * libssl, loaded at first use and never at import.
 *
 * @module
 */

import { isAbsolute } from "node:path";
import process from "node:process";
import { isDenied } from "../../../ffi/libc.ts";
import { dlopen } from "../../../ffi/long.ts";
import { readString } from "../../../ffi/memory.ts";
import { libcryptoSymbols, libsslSymbols, OPENSSL } from "../../../ffi/openssl.ts";
import { runtime } from "../../../runtimes/mod.ts";
import { libcryptoPaths, libsslPaths, newestFirst } from "./library_paths.ts";
import { type Openssl, type Policy, readPolicy } from "./policy.ts";
import { TlsError } from "../../errors.ts";

export type { Openssl };

/** A library that has started, and what the system lets it do. */
interface Started {
  readonly library: Openssl;
  readonly policy: Policy;
}

let started: Started | undefined;

/**
 * Why OpenSSL did not start. It is not tried again: on the same thread OpenSSL 3 then goes on as if
 * there were no configuration, and whatever that demands would be forgotten.
 */
let failed: TlsError | undefined;

const named = "name the library in FIRSTFLIGHT_LIBSSL";

/** How to get OpenSSL 3 on each platform. */
const sources: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux:
    "Install the package libssl3 (Debian, Ubuntu; libssl3t64 on newer ones), openssl-libs (Fedora), " +
    `libssl3 (Alpine), openssl (Arch), or ${named}`,
  darwin: `Install openssl@3 (Homebrew) or openssl3 (MacPorts), or ${named}`,
  freebsd: `FreeBSD 14 has it; on older ones install the package openssl, or ${named}`,
  win32:
    `Windows has none: ${named}, such as C:\\OpenSSL\\libssl-3-x64.dll, or use Node, which has its own`,
};

/** Says how to get OpenSSL 3 on this platform. */
function howToGetOpenssl(): string {
  return sources[process.platform] ?? `Install it, and ${named}`;
}

/**
 * OpenSSL 3: the process's own where it has one, else `FIRSTFLIGHT_LIBSSL`, else the system's.
 *
 * @throws {TlsError} `ENGINE_UNAVAILABLE` when it can't be loaded, or does not start
 */
export function openssl(): Openssl {
  return (started ??= load()).library;
}

/** What the system's configuration lets OpenSSL do. Throws as {@linkcode openssl} does. */
export function systemPolicy(): Policy {
  return (started ??= load()).policy;
}

function load(): Started {
  if (failed) throw failed;
  if (runtime.exportsOpenssl) return loadFrom(null, "this runtime's own OpenSSL");
  const path = runtime.env("FIRSTFLIGHT_LIBSSL") || undefined; // An empty value names nothing.
  if (path !== undefined) {
    if (!isAbsolute(path)) {
      throw unavailable(`FIRSTFLIGHT_LIBSSL must be an absolute path, got "${path}"`);
    }
    return loadFrom(path, `"${path}", named by FIRSTFLIGHT_LIBSSL`);
  }
  let cause: unknown;
  for (const path of newestFirst(libsslPaths)) {
    try {
      return bind(path);
    } catch (error) {
      cause = error;
      if (isDenied(error)) {
        throw unavailable("FFI is not permitted; add --allow-ffi, without paths", error);
      }
      if (error instanceof StartError) throw notStarted(`"${path}"`, error);
    }
  }
  throw unavailable(`OpenSSL 3 was not found. ${howToGetOpenssl()}`, cause);
}

function loadFrom(path: string | null, name: string): Started {
  try {
    return bind(path);
  } catch (error) {
    if (isDenied(error)) {
      throw unavailable("FFI is not permitted; add --allow-ffi, without paths", error);
    }
    if (error instanceof StartError) throw notStarted(name, error);
    const { message } = error as Error;
    throw unavailable(`Could not load OpenSSL 3 from ${name}: ${message}`, error);
  }
}

/** OpenSSL's version in its own form, 0xMNN00PP0: major, minor, patch. */
const OPENSSL_3 = 0x30000000n;

/** The OpenSSL version that every LibreSSL reports. */
const LIBRESSL = 0x20000000n;

/** OpenSSL is there and can be called, but it can't do what TLS needs. */
class StartError extends Error {}

function notStarted(name: string, error: StartError): TlsError {
  return failed = unavailable(`OpenSSL 3 (${name}) ${error.message}`, error);
}

function bind(path: string | null): Started {
  // The version is checked first: an older library also lacks symbols, but the clearer error is its age.
  const { libcrypto, version } = findLibcrypto(path === null ? [null] : libcryptoPaths(path));
  if (version < OPENSSL_3) throw new Error(`it is ${versionName(version)}, not OpenSSL 3`);
  const library = { ...dlopen(libcrypto, libcryptoSymbols), ...dlopen(path, libsslSymbols) };
  if (path !== null) leaveExitAlone(library);
  return { library, policy: start(library) };
}

/**
 * Makes a hello, for which OpenSSL needs all its parts. Some of them are chosen by openssl.cnf, which
 * may name a provider that is not there, or one that lacks what TLS needs.
 */
function start(library: Openssl): Policy {
  library.ERR_clear_error();
  const policy = readPolicy(library);
  if (policy) return policy;
  const reason = reasonIn(library) ?? "no reason";
  throw new StartError(
    `does not start: ${reason}. Its configuration decides what it may use (openssl.cnf, or what ` +
      "OPENSSL_CONF names)",
  );
}

/** The first error in the queue, in words; empties the queue. */
function reasonIn(library: Openssl): string | undefined {
  const error = library.ERR_get_error();
  library.ERR_clear_error();
  return error === 0n ? undefined : readString(library.ERR_reason_error_string(error));
}

/** Opens the first of the libraries that can be opened, and asks it for its version. */
function findLibcrypto(
  [first = null, ...others]: readonly (string | null)[],
): { libcrypto: string | null; version: bigint } {
  const { OpenSSL_version_num } = libcryptoSymbols;
  try {
    const version = dlopen(first, { OpenSSL_version_num }).OpenSSL_version_num();
    return { libcrypto: first, version };
  } catch (error) {
    if (others.length === 0) throw error;
    return findLibcrypto(others);
  }
}

/**
 * OpenSSL frees everything when the process exits. Threads of the runtime still run then, and those that
 * have used OpenSSL free their part at the same time: the heap was corrupted, and `deno test` aborted,
 * about once in sixty runs. The system frees the memory of a process anyway.
 */
function leaveExitAlone({ OPENSSL_init_crypto }: Openssl): void {
  const initialized = OPENSSL_init_crypto(OPENSSL.OPENSSL_INIT_NO_ATEXIT, 0n);
  if (initialized !== 1) throw new StartError("does not start");
}

/** The usual name of a version. */
export function versionName(version: bigint): string {
  if (version === LIBRESSL) return "LibreSSL";
  const [major, minor, fix] = [version >> 28n, (version >> 20n) & 0xffn, (version >> 12n) & 0xffn];
  const patch = (version >> 4n) & 0xffn;
  if (version >= OPENSSL_3) return `OpenSSL ${major}.${minor}.${patch}`;
  return `OpenSSL ${major}.${minor}.${fix}`;
}

function unavailable(message: string, cause?: unknown): TlsError {
  return new TlsError("ENGINE_UNAVAILABLE", message, { cause });
}
