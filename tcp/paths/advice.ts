/**
 * Ways to a host, and which of them the memory of paths recommends.
 *
 * @module
 */

import { type Address, formatAddress, networkOf } from "../name/address.ts";
import { adviceFor, mayBeBlocked } from "./paths.ts";
import { sourceAddress } from "../kernel/route.ts";

/** An address, and how to open a connection to it. */
export interface Way {
  readonly address: Address;
  readonly fastOpen: boolean;
  /** Why the way is plain although Fast Open was asked for, in words. */
  readonly avoids?: string;
  /** The attempt runs beside a plain one and finds out whether the blocked path has healed. */
  readonly probe?: true;
}

const BLOCKED =
  "this path lost SYNs with data before; pathMemory says until when it is spared them";

/**
 * The ways to try for `way`: usually itself; a plain one on a blocked path; both for a probe. `from` is
 * the local address to connect from, if the kernel does not choose it.
 */
export function adviseWays(way: Way, from: Address | undefined): [Way, ...Way[]] {
  const { address, fastOpen } = way;
  const to = formatAddress(address);
  if (!fastOpen || !mayBeBlocked(to)) return [way];
  const source = sourceAddress(address, from);
  const advice = source ? adviceFor(to, networkOf(source)) : "use";
  if (advice === "use") return [way];
  const plain: Way = { address, fastOpen: false, avoids: BLOCKED };
  return advice === "avoid" ? [plain] : [{ ...way, probe: true }, plain];
}

/** The same way without Fast Open. */
export function plainWay({ address, avoids }: Way): Way {
  return { address, fastOpen: false, ...(avoids === undefined ? {} : { avoids }) };
}
