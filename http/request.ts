/**
 * Which requests may be sent as early data, in any version of HTTP (RFC 8470, section 4).
 *
 * @module
 */

import { type Field, isFieldValue, isToken } from "./field.ts";

/** A request without a body. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly Field[];
}

/**
 * The methods that are safe by definition (RFC 9110, section 9.2.1), in all versions of HTTP alike: who
 * repeats one asks for the same again, and can't read the answer. There are others, such as PROPFIND, but
 * one whose safety is not known must not be sent early (RFC 8470, section 4).
 */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/**
 * Fields that announce a body or its trailers, ask before it is sent, or ask for another protocol
 * on this connection, in the spelling of {@linkcode spellingOf}.
 */
const FORBIDDEN: ReadonlySet<string> = new Set([
  "transferencoding",
  "trailer",
  "expect",
  "upgrade",
  "http2settings",
]);

/**
 * Whether a request may be repeated by others, as far as its head tells. What is in doubt may not:
 * then it costs a round trip, and nothing else.
 */
export function mayBeRepeated({ method, target, fields }: RequestHead): boolean {
  return SAFE_METHODS.has(method) && isForServer(target, method) && !namesMethod(target) &&
    fields.every(isHarmless) && hasNoContent(fields);
}

/**
 * Whether a target is a path, or `*` for OPTIONS (RFC 9112, section 3.2). The other forms are for
 * proxies, and what a proxy does with a request is not known.
 */
function isForServer(target: string, method: string): boolean {
  return /^\/[!"$-~]*$/.test(target) || (target === "*" && method === "OPTIONS");
}

/**
 * Whether the query has a parameter that seems to name a method. Some servers take it in place of the
 * request's own, also for a GET: `?_method=DELETE`.
 */
function namesMethod(target: string): boolean {
  const decoded = target.replace(
    /%([\da-f]{2})/gi,
    (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return /[?&;][^?&;=]*method/i.test(decoded);
}

/**
 * Whether a field leaves the request what it seems to be. A field that names a method, such as
 * `X-HTTP-Method-Override`, makes some servers take a GET for a DELETE.
 */
function isHarmless([name, value]: Field): boolean {
  const spelling = spellingOf(name);
  return isToken(name) && isFieldValue(value) && !FORBIDDEN.has(spelling) &&
    !spelling.includes("method");
}

/** Whether no length is told, or 0, once. `+0`, `0, 0` and `00` are read in more than one way. */
function hasNoContent(fields: readonly Field[]): boolean {
  const lengths = fields.filter(([name]) => spellingOf(name) === "contentlength");
  return lengths.length === 0 || (lengths.length === 1 && lengths[0]?.[1] === "0");
}

/**
 * A field's name as the most careless server may read it. For many programs behind a gateway (RFC
 * 3875) `Content_Length` and `Content-Length` are the same.
 */
function spellingOf(name: string): string {
  return name.toLowerCase().replace(/[^a-z\d]/g, "");
}
