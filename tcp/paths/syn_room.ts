/**
 * How much a SYN can carry.
 *
 * @module
 */

import { type Address, formatAddress, networkOf } from "../name/address.ts";
import { knownRoom } from "./paths.ts";
import { sourceAddress } from "../kernel/route.ts";
import { SYN_OPTIONS } from "../kernel/tcp_info.ts";

/** Room in packets of 1,500 bytes, without the headers of IP and TCP and the SYN's options. */
const USUAL_ROOM = { 4: 1500 - 20 - 20 - SYN_OPTIONS, 6: 1500 - 40 - 20 - SYN_OPTIONS };

/** Bytes of data a SYN to `address` has room for, from `from` if that is given; else the usual room. */
export function synRoom(address: Address, from: Address | undefined): number {
  const source = sourceAddress(address, from);
  const known = source && knownRoom(formatAddress(address), networkOf(source));
  return known ?? USUAL_ROOM[address.family];
}
