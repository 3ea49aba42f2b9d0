/**
 * Which names in a certificate are a server's (RFC 9525). Both engines go by this one rule.
 *
 * A wildcard stands for one whole label, the first one, below a name of two labels or more. Letters
 * match in either case. A name with the root's dot is the same name as without. Underscores are
 * characters like others. Only the extension subjectAltName counts, and an address is compared as bytes
 * with addresses alone. The common name counts for hosts where a caller asks for that, and only if the
 * extension has none.
 *
 * @module
 */

import type { Buffer } from "node:buffer";
import { bytesOfIp, parseAddress } from "../../tcp/name/address.ts";
import { type CertificateFacts, commonNamesOf } from "./certificate.ts";

/** Whether a certificate must have the server's name, and whether a common name may be that. */
export type NameCheck = boolean | "or-common-name";

/** The certificate with the names that count. */
export function namesThatCount(facts: CertificateFacts, check: NameCheck): CertificateFacts {
  const isNameless = check === "or-common-name" && facts.hosts.length === 0;
  return isNameless ? { ...facts, hosts: commonNamesOf(facts) } : facts;
}

/** Every spelling in which a certificate may have this host's name, in lower case. */
export function spellingsOf(host: string): readonly string[] {
  const name = host.toLowerCase();
  const [, ...parent] = name.split(".");
  const names = parent.length < 2 ? [name] : [name, `*.${parent.join(".")}`];
  return [...names, ...names.map((each) => `${each}.`)];
}

/** Whether a certificate is for this host name or IP address. */
export function isFor({ hosts, addresses }: CertificateFacts, name: string): boolean {
  const address = parseAddress(name, 0);
  if (address) {
    const bytes = bytesOfIp(address);
    return addresses.some((each) => each.equals(bytes));
  }
  const spellings = new Set(spellingsOf(name));
  return hosts.some((host) => spellings.has(lowerCase(host)));
}

/** What is wrong with a certificate that is for others. */
export function wordsOfMismatch(facts: CertificateFacts, serverName: string): string {
  return `the certificate is for ${namesIn(facts)}, and not for "${serverName}"`;
}

/** The names in a certificate, for an error message. */
function namesIn({ hosts, addresses }: CertificateFacts): string {
  const names = [...hosts.map((host) => JSON.stringify(host)), ...addresses.map(addressText)];
  const shown = names.slice(0, MOST_NAMES).join(", ");
  if (names.length === 0) return "no host at all";
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} others` : shown;
}

/** The names as Node writes them. A name with other characters is nobody's. */
export function textOfNames({ hosts, addresses }: CertificateFacts): string {
  const plain = hosts.filter((host) => /^[\w.*-]+$/.test(host)).map((host) => `DNS:${host}`);
  return [...plain, ...addresses.map((each) => `IP Address:${addressText(each)}`)].join(", ");
}

/** How many names a message repeats. */
const MOST_NAMES = 8;

/** Lower case for ASCII alone: other letters of a name are no letters to DNS. */
function lowerCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return "an address of no known kind";
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index));
  return groups.map((group) => group.toString(16)).join(":");
}
