/**
 * Where programs connect to: a TCP port of this machine, or a unix socket.
 *
 * @module
 */

import { isIP, isIPv4 } from "node:net";
import { formatTarget } from "../target.ts";
import { UsageError } from "../usage.ts";

/** A place to listen at. */
export type Place =
  | { readonly kind: "tcp"; readonly hostname: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/**
 * Reads `PORT`, `ADDRESS:PORT`, `[IPV6]:PORT` or `unix:PATH`. A port alone is one of 127.0.0.1; port 0
 * picks a free one.
 *
 * @throws {UsageError} when the text is none of these
 */
export function readPlace(text: string): Place {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    if (path === "" || path.includes("\0")) {
      throw new UsageError(`Expected the path of a socket after unix:, got "${text}"`);
    }
    return { kind: "unix", path };
  }
  const [, bracketed, plain, digits = ""] = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d+)$/.exec(text) ??
    [];
  const given = bracketed ?? plain ?? "127.0.0.1";
  const hostname = given === "" ? "127.0.0.1" : given;
  const port = Number(digits);
  const isAddress = bracketed === undefined
    ? hostname === "localhost" || isIPv4(hostname)
    : isIP(bracketed.split("%", 1)[0] ?? "") === 6;
  if (digits === "" || port > 65_535 || !isAddress) {
    const meant = text.startsWith("/") ? `; did you mean unix:${text}?` : "";
    throw new UsageError(
      `Expected PORT, ADDRESS:PORT or unix:PATH to listen at, got "${text}"${meant}`,
    );
  }
  return { kind: "tcp", hostname, port };
}

/** Formats a place so that it can be read back. */
export function formatPlace(place: Place): string {
  return place.kind === "unix" ? `unix:${place.path}` : formatTarget(place);
}

/** Whether only this machine can connect to the place. */
export function isOfThisMachine(place: Place): boolean {
  if (place.kind === "unix" || place.hostname === "localhost") return true;
  const [address = ""] = place.hostname.split("%", 1);
  if (isIPv4(address)) return address.startsWith("127.");
  return new URL(`http://[${address}]`).hostname === "[::1]"; // In its shortest spelling.
}
