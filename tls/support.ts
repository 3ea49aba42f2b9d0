/**
 * What this machine can do, for people and programs that ask before they connect.
 *
 * @module
 */

import { type TcpFastOpenSupport, tcpFastOpenSupport } from "../tcp/kernel/support.ts";
import type { EngineName } from "./engine/contract.ts";
import { type EngineFeatures, featuresOf } from "./engine/features.ts";
import { openssl, versionName } from "./engine/openssl/library.ts";
import type { TlsError } from "./errors.ts";

/** What {@linkcode fastOpenSupport} found. */
export interface FastOpenSupport extends TcpFastOpenSupport {
  /** OpenSSL's version, or why there is none. */
  readonly openssl: { readonly version: string } | { readonly error: string };
  /** What each of the engines can do here; OpenSSL's where it can be loaded. */
  readonly engines: { readonly [engine in EngineName]?: EngineFeatures };
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
  const openssl = opensslSupport();
  const runtime = featuresOf("runtime");
  const engines = "version" in openssl ? { openssl: featuresOf("openssl"), runtime } : { runtime };
  return { ...tcpFastOpenSupport(), openssl, engines };
}

function opensslSupport(): FastOpenSupport["openssl"] {
  try {
    return { version: versionName(openssl().OpenSSL_version_num()).replace("OpenSSL ", "") };
  } catch (error) {
    return { error: (error as TlsError).message };
  }
}
