/**
 * Names to addresses, by the runtime's resolver.
 *
 * @module
 */

import { lookup as ask, type LookupAddress, type LookupAllOptions } from "node:dns";
import { type Address, parseAddress } from "../name/address.ts";
import { ConnectError } from "../errors.ts";

/** Errors that say the name does not exist, rather than that the resolver failed. */
const unknownName = new Set(["ENOTFOUND", "ENODATA", "EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY"]);

/** The errors of Deno's resolver when the permission is for another port of the host. */
const notPermitted = new Set(["EPERM", "EACCES"]);

/** All addresses of a canonical `hostname`, in the resolver's order. Throws `ConnectError`. */
export async function lookup(hostname: string, port: number): Promise<Address[]> {
  const literal = parseAddress(hostname, port);
  if (literal) return [literal];
  try {
    const found = await lookupAll(hostname, port);
    return found.map(({ address: ip, family }) => ({ ip, family: family === 6 ? 6 : 4, port }));
  } catch (cause) {
    const errno = (cause as { code?: string }).code;
    if (errno !== undefined && notPermitted.has(errno)) {
      throw new ConnectError(
        "PERMISSION_DENIED",
        `Could not look up "${hostname}": not permitted; run again with --allow-net=${hostname}`,
        { hostname, port, cause, errno },
      );
    }
    const unknown = errno !== undefined && unknownName.has(errno);
    const why = unknown ? "no such host name" : "the resolver failed";
    throw new ConnectError(
      unknown ? "NAME_NOT_FOUND" : "LOOKUP_FAILED",
      `Could not look up "${hostname}": ${why}${errno ? ` (${errno})` : ""}`,
      { hostname, port, cause, ...(errno ? { errno } : {}) },
    );
  }
}

/**
 * Passes `port` so that Deno checks the permission for this port, as its `node:net` does, and
 * `--allow-net=HOST:PORT` is enough. Deno accepts a port here, but not in `node:dns/promises`.
 * Other runtimes ignore the port.
 */
function lookupAll(hostname: string, port: number): Promise<LookupAddress[]> {
  const { promise, resolve, reject } = Promise.withResolvers<LookupAddress[]>();
  const options: LookupAllOptions & { port: number } = { all: true, order: "verbatim", port };
  ask(hostname, options, (error, found) => error ? reject(error) : resolve(found));
  return promise;
}
