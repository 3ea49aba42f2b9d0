/**
 * URLs as people write them.
 *
 * @module
 */

import type { Target } from "./target.ts";
import { UsageError } from "./usage.ts";

const HTTPS = 443;

/**
 * Reads a URL that begins with `https://`, or with nothing, which stands for the same.
 *
 * @throws {UsageError} when it is none; the message repeats no password
 */
export function readUrl(text: string): URL {
  const url = URL.parse(text.includes("://") ? text : `https://${text}`);
  const given = text.replace(/^([^/]*\/\/)?[^/?#]*@/, "$1");
  if (!url || url.hostname === "") throw new UsageError(`Expected a URL, got "${given}"`);
  if (url.protocol !== "https:") {
    throw new UsageError(`Expected a URL that begins with https://, got "${given}"`);
  }
  return url;
}

/** Whom a URL is for. */
export function targetOf({ hostname, port }: URL): Target {
  return {
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: port === "" ? HTTPS : Number(port),
  };
}

/** A URL as it may be shown: without name and password, and without what a server never gets. */
export function shown({ origin, pathname, search }: URL): string {
  return origin + pathname + search;
}
