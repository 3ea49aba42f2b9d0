/**
 * What this machine can do, for people and programs that ask before they connect.
 *
 * @module
 */

import { type TcpFastOpenSupport, tcpFastOpenSupport } from "../tcp/support.ts";
import type { TlsError } from "./errors.ts";
import { openssl } from "./openssl/library.ts";

/** What {@linkcode fastOpenSupport} found. */
export interface FastOpenSupport extends TcpFastOpenSupport {
  /** OpenSSL's version, or why there is none. */
  readonly openssl: { readonly version: string } | { readonly error: string };
}

/**
 * What this machine can do and what it lacks. Sends nothing.
 *
 * ```ts
 * import { fastOpenSupport } from "@firstflight/tls";
 *
 * const { client, server, reason } = fastOpenSupport();
 * console.log(client, server, reason ?? "all there");
 * ```
 */
export function fastOpenSupport(): FastOpenSupport {
  return { ...tcpFastOpenSupport(), openssl: opensslSupport() };
}

function opensslSupport(): FastOpenSupport["openssl"] {
  try {
    const number = Number(openssl().OpenSSL_version_num());
    const version = [number >>> 28, (number >>> 20) & 0xff, (number >>> 4) & 0xff].join(".");
    return { version };
  } catch (error) {
    return { error: (error as TlsError).message };
  }
}
