/**
 * Targets as people write them.
 *
 * @module
 */

import { isIP } from "node:net";
import { UsageError } from "./usage.ts";

/** A host, without brackets, and a port. */
export interface Target {
  readonly hostname: string;
  readonly port: number;
}

const HTTPS = 443;

/**
 * Reads `HOST`, `HOST:PORT`, `[::1]` or `[::1]:PORT`; an IPv6 address alone needs no brackets.
 *
 * @throws {UsageError} when the text is none of these
 */
export function readTarget(text: string): Target {
  if (text.includes("/")) {
    const { host } = URL.parse(text) ?? {};
    const meant = host ? `; did you mean ${host}?` : "";
    throw new UsageError(`Expected HOST or HOST:PORT, got "${text}"${meant}`);
  }
  if (isIP(text.split("%", 1)[0] ?? "") === 6) return { hostname: text, port: HTTPS };
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d+))?$/.exec(text) ?? [];
  const hostname = bracketed ?? plain ?? "";
  const isAddress = bracketed === undefined || isIP(bracketed.split("%", 1)[0] ?? "") === 6;
  if (hostname === "" || /\s/.test(hostname) || !isAddress) {
    throw new UsageError(`Expected HOST, HOST:PORT or [IPV6]:PORT, got "${text}"`);
  }
  return { hostname, port: port === undefined ? HTTPS : readPort(port) };
}

function readPort(text: string): number {
  const port = Number(text);
  if (port >= 1 && port <= 65_535) return port;
  throw new UsageError(`A port is a number from 1 to 65535, got "${text}"`);
}

/** Formats a target so that it can be read back. */
export function formatTarget({ hostname, port }: Target): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
