/**
 * Host names: one spelling for the permission, the resolver, SNI and the certificate check.
 *
 * @module
 */

import { domainToASCII } from "node:url";
import { parseAddress } from "./address.ts";

/**
 * Letters, digits, marks, dots, hyphens, underscores. The URL parser behind `domainToASCII` accepts
 * more (`#`, `%41`, invisible characters), and would make a different host than the text shows.
 */
const NAME = /^[\p{L}\p{M}\p{N}._-]+$/u;

/** Lengths of RFC 1035, section 2.3.4. */
const LONGEST_NAME = 253;
const LONGEST_LABEL = 63;

/**
 * The host as it is spelled in protocols: an address as it is; a name in A-labels (RFC 5890), in
 * lower case and without the final dot. `undefined` when the host is neither.
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

function canonicalName(hostname: string): string | undefined {
  if (!NAME.test(hostname)) return undefined;
  const name = domainToASCII(hostname).replace(/\.$/, "");
  if (name === "" || name.length > LONGEST_NAME) return undefined;
  const valid = name.split(".").every((label) => label !== "" && label.length <= LONGEST_LABEL);
  return valid ? name : undefined;
}
