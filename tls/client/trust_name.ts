/**
 * A short name for the roots that a client trusts, to be part of a session's key.
 *
 * @module
 */

import { runtime } from "../../runtimes/mod.ts";
import { digest } from "../../base/digest.ts";

/** The variables that change where OpenSSL looks for the system's roots. */
const WHERE = ["SSL_CERT_FILE", "SSL_CERT_DIR"] as const;

let ownRoots: string | undefined;

/**
 * Returns equal names for equal roots. A resumption does not verify the certificate again, and a
 * stored session may be used by another process, which may not trust the server.
 */
export function trustName(caCerts: readonly string[] | undefined): string {
  if (caCerts) return digest(caCerts);
  return ownRoots ??= digest(runtime.roots() ?? ["system", ...WHERE.map(runtime.env)]);
}
