/**
 * The order in which addresses are tried (RFC 8305, section 4).
 *
 * @module
 */

import type { Address } from "../name/address.ts";

/**
 * Alternates the address families, beginning with the resolver's first choice. Within a family the
 * resolver's order stays. So a broken family costs one delay, not one for each of its addresses.
 */
export function interleave(addresses: readonly Address[]): Address[] {
  const preferred = addresses.filter(({ family }) => family === addresses[0]?.family);
  const others = addresses.filter(({ family }) => family !== addresses[0]?.family);
  return preferred.flatMap((address, index) => [address, ...others.slice(index, index + 1)])
    .concat(others.slice(preferred.length));
}
