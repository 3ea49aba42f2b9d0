/**
 * Ways to a host, and which of them experience recommends.
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
  /** Plain, since the path is remembered for losing what Fast Open sends. */
  readonly avoids?: true;
  /** Runs beside a plain attempt and finds out whether such a path has healed. */
  readonly probe?: true;
}

/** What to do instead of trying Fast Open: usually nothing else. In a probe, both at once. */
export function adviseWays(way: Way): [Way, ...Way[]] {
  const { address, fastOpen } = way;
  const to = formatAddress(address);
  if (!fastOpen || !mayBeBlocked(to)) return [way];
  const source = sourceAddress(address);
  const advice = source ? adviceFor(to, networkOf(source)) : "use";
  if (advice === "use") return [way];
  const plain: Way = { address, fastOpen: false, avoids: true };
  return advice === "avoid" ? [plain] : [{ ...way, probe: true }, plain];
}
