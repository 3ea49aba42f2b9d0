/**
 * Whom a client trusts, by a name short enough for a key.
 *
 * @module
 */

import { runtime } from "../../runtimes/mod.ts";
import { digest } from "../../base/digest.ts";

/** Where OpenSSL looks for the system's roots unless told otherwise. */
const WHERE = ["SSL_CERT_FILE", "SSL_CERT_DIR"] as const;

let ownRoots: string | undefined;

/**
 * Equal for equal roots. A session is not verified again when it is resumed, and one that outlives its
 * process may meet another that would not trust the server.
 */
export function trustName(caCerts: readonly string[] | undefined): string {
  if (caCerts) return digest(caCerts);
  return ownRoots ??= digest(runtime.roots() ?? ["system", ...WHERE.map(runtime.env)]);
}
