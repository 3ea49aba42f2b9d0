/**
 * Where systems keep OpenSSL 3.
 *
 * @module
 */

import { platform } from "node:process";
import { triplet } from "../../../base/libc_paths.ts";

/** The system's own library folders, absolute: never a bare name, never the current directory. */
export const libsslPaths: readonly string[] = platform === "linux"
  ? [
    ...[`/usr/lib/${triplet}-linux-gnu`, `/lib/${triplet}-linux-gnu`],
    ...["/usr/lib64", "/lib64", "/usr/lib", "/lib"],
  ].map((folder) => `${folder}/libssl.so.3`)
  : platform === "darwin"
  ? ["/opt/homebrew/opt/openssl@3/lib", "/usr/local/opt/openssl@3/lib", "/opt/local/lib"]
    .map((folder) => `${folder}/libssl.3.dylib`)
  : platform === "freebsd"
  ? ["/usr/lib/libssl.so.30", "/usr/local/lib/libssl.so.3"]
  : [];

/**
 * The library that has libcrypto's functions, by the path of libssl: on Windows a function is looked for
 * in the library that is named alone, elsewhere in those it depends on, too.
 */
export function libcryptoPath(libssl: string): string {
  return platform === "win32" ? libssl.replace(/libssl(?=[^\\/]*$)/i, "libcrypto") : libssl;
}
