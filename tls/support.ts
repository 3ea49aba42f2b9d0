/**
 * The features of this machine, for people and programs that ask before they connect.
 *
 * @module
 */

import { type TcpFastOpenSupport, tcpFastOpenSupport } from "../tcp/kernel/support.ts";
import type { EngineName } from "./engine/contract.ts";
import { type EngineFeatures, featuresOf } from "./engine/features.ts";
import { openssl, versionName } from "./engine/openssl/library.ts";
import type { TlsError } from "./errors.ts";

/** The result of {@linkcode fastOpenSupport}. */
export interface FastOpenSupport extends TcpFastOpenSupport {
  /** OpenSSL's version, or why it can't be used. */
  readonly openssl: { readonly version: string } | { readonly error: string };
  /** The features of each engine here; `openssl` is absent where it can't be loaded. */
  readonly engines: { readonly [engine in EngineName]?: EngineFeatures };
}

/**
 * Finds out which features this machine has, and which it lacks. Sends nothing.
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
