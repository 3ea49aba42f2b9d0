/**
 * Key-exchange groups as `node:tls` expects them.
 *
 * @module
 */

import type { ClientConfig } from "../contract.ts";
import {
  classicalGroups,
  curveOfGroup,
  groupsWithShare,
  isHybrid,
  isKnownGroup,
} from "../groups.ts";

/** BoringSSL does not know X448, and refuses a list that names it. */
const offered = classicalGroups.filter((name) => name !== "x448");

/**
 * The value of `ecdhCurve` for a hello with a single key share, for the first group of the list;
 * `undefined` leaves the groups to the library.
 *
 * BoringSSL sends a key share for a hybrid at any place in the list, and another share for the
 * first of the other groups. So a hybrid is offered only where the server is known to pick it, and
 * it is offered alone where the hello has to be small.
 */
export function ecdhCurve(config: ClientConfig): string | undefined {
  const { groups, hello, keyShare, ridesInSyn, session } = config;
  if (groups) return groups.map(curveOfGroup).join(":");
  if (keyShare === undefined || !isKnownGroup(keyShare)) return undefined;
  if (hello === "lean") return curveOfGroup(keyShare);
  const resumesInSyn = ridesInSyn && session !== undefined;
  const withHybrid = isHybrid(keyShare) ? [keyShare, ...offered] : offered;
  return groupsWithShare(keyShare, withHybrid, resumesInSyn).map(curveOfGroup).join(":");
}
