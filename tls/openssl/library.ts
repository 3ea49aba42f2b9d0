/**
 * libssl, loaded at first use and never at import.
 *
 * @module
 */

import { isDenied } from "../../ffi/libc.ts";
import { libsslPaths, opensslSymbols } from "../../ffi/openssl.ts";
import { type NativeFunctions, runtime } from "../../runtimes/mod.ts";
import { TlsError } from "../errors.ts";

/** OpenSSL's functions. */
export type Openssl = NativeFunctions<typeof opensslSymbols>;

let loaded: Openssl | undefined;

/**
 * OpenSSL 3: the process's own where it has one, else `FIRSTFLIGHT_LIBSSL`, else the system's.
 *
 * @throws {TlsError} `ENGINE_UNAVAILABLE`
 */
export function openssl(): Openssl {
  return loaded ??= load();
}

function load(): Openssl {
  if (runtime.exportsOpenssl) return loadFrom(null, "this runtime's own OpenSSL");
  const named = runtime.env("FIRSTFLIGHT_LIBSSL") || undefined; // An empty one names nothing.
  if (named !== undefined) {
    if (!named.startsWith("/")) {
      throw unavailable(`FIRSTFLIGHT_LIBSSL must be an absolute path, got "${named}"`);
    }
    return loadFrom(named, `"${named}", named by FIRSTFLIGHT_LIBSSL`);
  }
  let cause: unknown;
  for (const path of libsslPaths) {
    try {
      return bind(path);
    } catch (error) {
      cause = error;
      if (isDenied(error)) throw unavailable("FFI is not permitted; add --allow-ffi", error);
    }
  }
  throw unavailable(
    "OpenSSL 3 was not found; install the package libssl3 (Debian, Ubuntu; libssl3t64 on newer " +
      "ones), openssl-libs (Fedora), openssl (Alpine, Arch, Homebrew), or name the library in " +
      "FIRSTFLIGHT_LIBSSL",
    cause,
  );
}

function loadFrom(path: string | null, name: string): Openssl {
  try {
    return bind(path);
  } catch (error) {
    if (isDenied(error)) throw unavailable("FFI is not permitted; add --allow-ffi", error);
    const { message } = error as Error;
    throw unavailable(`Could not load OpenSSL 3 from ${name}: ${message}`, error);
  }
}

/** OpenSSL's version as it numbers itself: 0xMNN00PP0, major, minor, patch. */
const OPENSSL_3 = 0x30000000n;

function bind(path: string | null): Openssl {
  const library = runtime.dlopen(path, opensslSymbols);
  const version = library.OpenSSL_version_num();
  if (version < OPENSSL_3) throw new Error(`Version 0x${version.toString(16)} is older than 3.0`);
  return library;
}

function unavailable(message: string, cause?: unknown): TlsError {
  return new TlsError("ENGINE_UNAVAILABLE", message, { cause });
}
