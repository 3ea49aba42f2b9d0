/**
 * Key-exchange groups as `node:tls` wants them.
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
 * The value of `ecdhCurve` for a hello with a single key share, the first of the list; `undefined`
 * leaves it to the library.
 *
 * BoringSSL sends a share for a hybrid wherever it stands, and beside it one for the first of the
 * others. So a hybrid is only offered where the server is known to pick it, and alone where the hello
 * has to be small.
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
