/**
 * What is known of a connection.
 *
 * @module
 */

import type { Address } from "./name/address.ts";
import type { FastOpenResult } from "./outcome.ts";

/** One end of a connection, shaped like `Deno.NetAddr`. */
export interface NetAddr {
  /** Always `"tcp"`. */
  readonly transport: "tcp";
  /** The IP address; IPv6 without brackets, with `%scope` if it has one; `""` if it is not known. */
  readonly hostname: string;
  /** 1 to 65,535; 0 if it is not known. */
  readonly port: number;
}

/** The two ends of a connection, and how it was opened. */
export interface ConnFacts {
  /** This end. */
  readonly localAddr: NetAddr;
  /** The other end. */
  readonly remoteAddr: NetAddr;
  /** How Fast Open ended. */
  readonly fastOpen: FastOpenResult;
}

/** What is known of an established connection. */
export interface Known {
  readonly facts: ConnFacts;
}

/** An {@linkcode Address} in the shape of `Deno.NetAddr`. */
export function netAddr(address: Address | undefined): NetAddr {
  const hostname = address === undefined
    ? ""
    : address.scope === undefined
    ? address.ip
    : `${address.ip}%${address.scope}`;
  return { transport: "tcp", hostname, port: address?.port ?? 0 };
}
