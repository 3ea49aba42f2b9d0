/**
 * `openssl s_client`: its input goes to the server, and what the server sends is in its output.
 *
 * @module
 */

import { certificates } from "./certificates.ts";
import { here, Peer, type Place } from "./peer.ts";

/** Starts `openssl s_client`; `connect` is `host:port`, IPv6 in brackets. */
export function startOpensslClient(
  connect: string,
  args: readonly string[] = [],
  place: Place = here,
): Peer {
  const trust = ["-CAfile", certificates().caPath, "-verify_return_error"];
  return new Peer(place, "openssl", ["s_client", "-connect", connect, ...trust, ...args]);
}
