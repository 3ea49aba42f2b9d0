/**
 * `gnutls-serv`, which echoes each line or, with `--http`, answers with a page about the connection.
 *
 * @module
 */

import { certificates, type Identity } from "./certificates.ts";
import { freePort, here, Peer, type Place } from "./peer.ts";

export interface GnutlsServerOptions {
  /** Default this machine. */
  readonly place?: Place;
  /** Default a free port. */
  readonly port?: number;
  readonly identity?: Identity;
}

/** A running `gnutls-serv`. */
export class GnutlsServer extends Peer {
  port = 0;
}

/** Starts `gnutls-serv` with further arguments. */
export async function startGnutlsServer(
  args: readonly string[] = ["--echo"],
  options: GnutlsServerOptions = {},
): Promise<GnutlsServer> {
  const { place = here, port = await freePort(), identity = certificates().server } = options;
  const { certPath, keyPath } = identity;
  const server = new GnutlsServer(place, "gnutls-serv", [
    ...["--port", String(port), "--x509certfile", certPath, "--x509keyfile", keyPath],
    ...args,
  ]);
  server.port = port;
  try {
    await server.saw(/listening on IPv6 .*done$/m);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}
