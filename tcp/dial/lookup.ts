/**
 * Names to addresses, by the runtime's resolver or the caller's.
 *
 * @module
 */

import { lookup as ownResolver } from "node:dns";
import { show } from "../../base/option_errors.ts";
import { ConnectError, type ConnectErrorCode } from "../errors.ts";
import { type Address, parseAddress } from "../name/address.ts";
import type { LookupAddress, LookupFunction, LookupOptions } from "../name/resolver.ts";
import { ipFamily } from "../options.ts";

/** Which addresses are wanted, and who is asked for them. */
export interface LookupRequest {
  /** A canonical name. */
  readonly hostname: string;
  readonly port: number;
  /** 0 stands for both. */
  readonly family: 0 | 4 | 6;
  /** `undefined` stands for the runtime's resolver. */
  readonly resolver: LookupFunction | undefined;
}

/** What a resolver has answered with, unread. */
interface Answer {
  readonly address: unknown;
  readonly family: unknown;
}

/** Errors that say the name does not exist, rather than that the resolver failed. */
const unknownName = new Set(["ENOTFOUND", "ENODATA", "EAI_NONAME", "EAI_NODATA", "EAI_ADDRFAMILY"]);

/** The errors of Deno's resolver where the permission is for another port of the host. */
const notPermitted = new Set(["EPERM", "EACCES"]);

/** The addresses of a name, in the resolver's order; at least one. Throws `ConnectError`. */
export async function lookup(request: LookupRequest): Promise<Address[]> {
  const { port, family, resolver } = request;
  let answer: Answer;
  let found: Address[];
  try {
    answer = await ask(request);
    found = addressesIn(answer, port);
  } catch (cause) {
    throw resolverFailed(request, cause);
  }
  const wanted = found.filter((address) => family === 0 || address.family === family);
  if (wanted.length > 0) return wanted;
  const { address } = answer;
  if (found.length > 0 || (Array.isArray(address) && address.length === 0)) {
    throw failure(request, "NAME_NOT_FOUND", `it has no ${nameOf(family)}`);
  }
  const given = Array.isArray(address) ? address.map((each) => each?.address) : address;
  const why = `${resolver ? '"lookup"' : "the resolver"} answered with no ${nameOf(0)}`;
  throw failure(request, "LOOKUP_FAILED", `${why}, but with ${show(given)}`);
}

/** Asks the resolver. Its first answer counts. */
function ask({ hostname, port, family, resolver }: LookupRequest): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  // With the port, Deno checks the permission for this port, as its node:net does, and
  // --allow-net=HOST:PORT is enough. Other resolvers ignore it.
  const options: LookupOptions & { port: number } = {
    all: true,
    family,
    hints: 0,
    order: "verbatim",
    verbatim: true,
    port,
  };
  // A resolver that throws, or is an async function that rejects, has failed, too.
  Promise.try(resolver ?? ownResolver, hostname, options, (error, address, family) => {
    if (error) reject(error);
    else resolve({ address, family });
  }).catch(reject);
  return promise;
}

/** The addresses in an answer: one with its family, or a list of such. What is none is left out. */
function addressesIn({ address, family }: Answer, port: number): Address[] {
  const entries: readonly unknown[] = Array.isArray(address) ? address : [{ address, family }];
  return entries.flatMap((entry) => {
    const { address, family } = (entry ?? {}) as Partial<Record<keyof LookupAddress, unknown>>;
    const found = typeof address === "string" ? parseAddress(address, port) : undefined;
    // An address tells its family itself, but a resolver that says otherwise is mistaken.
    return found && ipFamily.read(family ?? found.family) === found.family ? [found] : [];
  });
}

/** `cause` is what the resolver has failed with: anything, if it is the caller's. */
function resolverFailed(request: LookupRequest, cause: unknown): ConnectError {
  const { hostname, family, resolver } = request;
  const { code, message } = (cause ?? {}) as { code?: unknown; message?: unknown };
  const errno = typeof code === "string" ? code : undefined;
  const name = errno === undefined ? "" : ` (${errno})`;
  const details = { cause, ...(errno === undefined ? {} : { errno }) };
  if (!resolver && errno !== undefined && notPermitted.has(errno)) {
    const why = `not permitted; run again with --allow-net=${hostname}`;
    return failure(request, "PERMISSION_DENIED", why, details);
  }
  if (errno !== undefined && unknownName.has(errno)) {
    const or = family === 0 ? "" : `, or it has no ${nameOf(family)}`;
    return failure(request, "NAME_NOT_FOUND", `no such host name${or}${name}`, details);
  }
  const who = resolver ? `"lookup" failed: ${message ?? show(cause)}` : "the resolver failed";
  return failure(request, "LOOKUP_FAILED", who + name, details);
}

function failure(
  { hostname, port }: LookupRequest,
  code: ConnectErrorCode,
  why: string,
  details: { readonly cause?: unknown; readonly errno?: string } = {},
): ConnectError {
  const message = `Could not look up "${hostname}": ${why}`;
  return new ConnectError(code, message, { hostname, port, ...details });
}

function nameOf(family: 0 | 4 | 6): string {
  return family === 0 ? "IP address" : `IPv${family} address`;
}
