/**
 * Host names: one spelling for the permission, the resolver, SNI and the certificate check.
 *
 * @module
 */

import { parseAddress } from "./address.ts";

/** What ends a host in a URL, what the URL parser drops or decodes in one, and what it never takes. */
// deno-lint-ignore no-control-regex
const FORBIDDEN = /[\x00-\x20\x7f#%*/:<>?@[\\\]^|]/;

/** Lengths of RFC 1035, section 2.3.4. */
const LONGEST_NAME = 253;
const LONGEST_LABEL = 63;

/**
 * The host as the wire spells it: an address as it is, a name in A-labels (RFC 5890), lower case and
 * without the root's dot. Other spellings of an IPv4 address, such as `127.1`, become that address.
 * `undefined` when it is neither.
 */
export function canonicalHost(hostname: string): string | undefined {
  if (parseAddress(hostname, 0)) return hostname;
  const [asked, known] = last;
  if (asked === hostname) return known;
  last = [hostname, canonicalName(hostname)];
  return last[1];
}

/** The last answer: a connection asks several times, and the next one often has the same host. */
let last: [asked: string, known: string | undefined] = ["", undefined];

/** The runtime's URL parser decides what a name is (UTS 46), as it does for `fetch`. */
function canonicalName(hostname: string): string | undefined {
  const url = FORBIDDEN.test(hostname) ? null : URL.parse(`https://${hostname}`);
  const name = url?.hostname.replace(/\.$/, "") ?? "";
  if (name === "" || name.length > LONGEST_NAME) return undefined;
  const valid = name.split(".").every((label) => label !== "" && label.length <= LONGEST_LABEL);
  return valid ? name : undefined;
}
