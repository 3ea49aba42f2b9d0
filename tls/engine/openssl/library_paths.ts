/**
 * Where systems keep OpenSSL 3.
 *
 * @module
 */

import { platform } from "node:process";
import { machineName } from "../../../base/libc_paths.ts";

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
  ? ["/usr/lib/libssl.so.30", "/usr/local/lib/libssl.so.3"]
  : [];

/**
 * The library to look up libcrypto's functions in, for the path of libssl. On Windows a look-up
 * searches only the named library, elsewhere also the libraries it depends on.
 */
export function libcryptoPath(libssl: string): string {
  return platform === "win32" ? libssl.replace(/libssl(?=[^\\/]*$)/i, "libcrypto") : libssl;
}
