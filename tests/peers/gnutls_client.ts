/**
 * `gnutls-cli`: its input goes to the server, and what the server sends is in its output.
 *
 * @module
 */

import { certificates } from "./certificates.ts";
import { here, Peer, type Place } from "./peer.ts";

/** Starts `gnutls-cli`. */
export function startGnutlsClient(
  hostname: string,
  port: number,
  args: readonly string[] = [],
  place: Place = here,
): Peer {
  const trust = ["--x509cafile", certificates().caPath];
  return new Peer(place, "gnutls-cli", ["--port", String(port), ...trust, ...args, hostname]);
}
