/**
 * Which targets a CONNECT proxy opens connections to: without such a list it would be an open proxy.
 *
 * @module
 */

import { isIP } from "node:net";
import { canonicalHost } from "../../tcp/name/hostname.ts";
import { readTarget, type Target } from "../target.ts";
import { UsageError } from "../usage.ts";

/** One entry of the list. */
interface Pattern {
  /** The host; for a pattern that begins with `*.`, what its names end with. */
  readonly host: string;
  readonly isSuffix: boolean;
  readonly port: number;
}

/** Decides which targets are allowed. */
export class AllowList {
  readonly #patterns: readonly Pattern[];

  /**
   * Takes `HOST`, `HOST:PORT`, `*.DOMAIN` or `*.DOMAIN:PORT`. The port is 443 unless given. A star stands
   * for one label of a name or more, and for no address.
   *
   * @throws {UsageError} when a text is none of these
   */
  constructor(texts: readonly string[]) {
    this.#patterns = texts.map(readPattern);
  }

  /** Whether a connection to the target may be opened. */
  allows({ hostname, port }: Target): boolean {
    const host = canonicalHost(hostname);
    if (host === undefined) return false;
    return this.#patterns.some((pattern) =>
      pattern.port === port &&
      (pattern.isSuffix ? isIP(host) === 0 && host.endsWith(pattern.host) : host === pattern.host)
    );
  }
}

function readPattern(text: string): Pattern {
  const isSuffix = text.startsWith("*.");
  const { hostname, port } = readTarget(isSuffix ? text.slice(2) : text);
  const host = canonicalHost(hostname);
  if (host === undefined || (isSuffix && isIP(host) !== 0)) {
    const meant = hostname === "*" ? "; name the hosts: a proxy to everywhere is an open one" : "";
    throw new UsageError(
      `Expected HOST[:PORT] or *.DOMAIN[:PORT] to allow, got "${text}"${meant}`,
    );
  }
  return { host: isSuffix ? `.${host}` : host, isSuffix, port };
}
