/**
 * Whether a header block of HTTP/2 is a request that may be sent as early data (RFC 9113, section 8).
 *
 * @module
 */

import { type Field, isAuthority } from "../field.ts";
import { mayBeRepeated } from "../request.ts";

/** What every request but CONNECT has, and the one that may be missing (RFC 9113, section 8.3.1). */
const NEEDED = [":method", ":scheme", ":path"] as const;
const AUTHORITY = ":authority";

/**
 * Fields that speak of a connection, which requests of HTTP/2 must not have (RFC 9113, section 8.2.2).
 * `transfer-encoding` and `upgrade` may not ride in any version.
 */
const OF_CONNECTIONS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
]);

/** Whether the fields of a block make a request that is well-formed and may be repeated. */
export function isSafeRequest(block: readonly Field[]): boolean {
  const firstRegular = block.findIndex(([name]) => !name.startsWith(":"));
  const count = firstRegular < 0 ? block.length : firstRegular;
  const pseudo = new Map(block.slice(0, count));
  const fields = block.slice(count); // A pseudo-field among these is no token, so it is refused.
  const [method, scheme, target] = NEEDED.map((name) => pseudo.get(name));
  if (method === undefined || scheme === undefined || target === undefined) return false;
  return pseudo.size === count && count === NEEDED.length + (pseudo.has(AUTHORITY) ? 1 : 0) &&
    (scheme === "https" || scheme === "http") && // http may be asked for over TLS (RFC 8164).
    fields.every(mayStand) && hasOneAuthority(pseudo.get(AUTHORITY), fields) &&
    mayBeRepeated({ method, target, fields });
}

/** Whether a field may stand in a request of HTTP/2. Its name's characters are tested elsewhere. */
function mayStand([name, value]: Field): boolean {
  return name === name.toLowerCase() && !OF_CONNECTIONS.has(name) &&
    (name !== "te" || value === "trailers");
}

/** Whether the server is named, and in one way only. */
function hasOneAuthority(authority: string | undefined, fields: readonly Field[]): boolean {
  const hosts = fields.filter(([name]) => name === "host").map(([, value]) => value);
  const [named, ...others] = authority === undefined ? hosts : [authority, ...hosts];
  return named !== undefined && named !== "" && isAuthority(named) && hosts.length <= 1 &&
    others.every((host) => host === named);
}
