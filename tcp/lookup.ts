/**
 * Names to addresses, by the runtime's resolver.
 *
 * @module
 */

import { lookup as dnsLookup } from "node:dns/promises";
import { domainToASCII } from "node:url";
import { type Address, parseAddress } from "./address.ts";
import { ConnectError } from "./errors.ts";

/** Errors that say the name does not exist, rather than that the resolver failed. */
const unknownName = new Set(["ENOTFOUND", "ENODATA", "EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY"]);

/** All addresses of `hostname`, in the resolver's order. Throws `ConnectError`. */
export async function lookup(hostname: string, port: number): Promise<Address[]> {
  const literal = parseAddress(hostname, port);
  if (literal) return [literal];
  // Resolvers want the A-labels of an internationalised name; "" means there are none.
  const name = domainToASCII(hostname);
  try {
    if (name === "") throw Object.assign(new Error("Not a host name"), { code: "ENOTFOUND" });
    const found = await dnsLookup(name, { all: true, order: "verbatim" });
    return found.map(({ address: ip, family }) => ({ ip, family: family === 6 ? 6 : 4, port }));
  } catch (cause) {
    const errno = (cause as { code?: string }).code;
    const unknown = errno !== undefined && unknownName.has(errno);
    const why = unknown ? "no such host name" : "the resolver failed";
    throw new ConnectError(
      unknown ? "NAME_NOT_FOUND" : "LOOKUP_FAILED",
      `Could not look up "${hostname}": ${why}${errno ? ` (${errno})` : ""}`,
      { hostname, port, cause, ...(errno ? { errno } : {}) },
    );
  }
}
