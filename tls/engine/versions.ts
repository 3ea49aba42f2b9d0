/**
 * The versions of TLS that a connection may speak.
 *
 * @module
 */

import tls from "node:tls";
import type { OptionErrorDetails } from "../../base/errors.ts";
import { badOption } from "../../base/option_errors.ts";
import type { ClientConfig, TlsVersion } from "./contract.ts";

/** The lowest and the highest version. */
export interface Versions {
  readonly oldest: TlsVersion;
  readonly newest: TlsVersion;
}

/**
 * The bounds of the runtime: a flag of Node or the program may have set them. None is before TLS 1.2.
 */
export function runtimeBounds(): Versions {
  return {
    oldest: tls.DEFAULT_MIN_VERSION === "TLSv1.3" ? "TLSv1.3" : "TLSv1.2",
    newest: tls.DEFAULT_MAX_VERSION === "TLSv1.2" ? "TLSv1.2" : "TLSv1.3",
  };
}

/**
 * What an option asks for is done, and what no option asks for stays within `bounds`.
 *
 * @throws {OptionError} when an option and the bounds leave no version
 */
export function versionsFor(
  { minVersion, maxVersion }: Pick<ClientConfig, "minVersion" | "maxVersion">,
  bounds: Versions,
  peer: OptionErrorDetails,
): Versions {
  const oldest = minVersion ?? bounds.oldest;
  const newest = maxVersion ?? bounds.newest;
  if (oldest <= newest) return { oldest, newest };
  throw minVersion === undefined
    ? badOption("maxVersion", `at least ${oldest}, ${without("minVersion")}`, maxVersion, peer)
    : badOption("minVersion", `at most ${newest}, ${without("maxVersion")}`, minVersion, peer);
}

function without(option: string): string {
  return `because "${option}" is not given, and the system's policy (openssl.cnf) or the runtime's ` +
    `(tls.DEFAULT_MIN_VERSION, tls.DEFAULT_MAX_VERSION) says so`;
}
