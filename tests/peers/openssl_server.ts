/**
 * `openssl s_server`: it serves one connection at a time. What the client sends is in its output,
 * and its input goes to the client.
 *
 * @module
 */

import { certificates, type Identity } from "./certificates.ts";
import { here, Peer, type Place } from "./peer.ts";

export interface OpensslServerOptions {
  /** Default this machine. */
  readonly place?: Place;
  /** `host:port`, IPv6 in brackets. Default a free port of 127.0.0.1. */
  readonly accept?: string;
  readonly identity?: Identity;
}

/** A running `openssl s_server`. */
export class OpensslServer extends Peer {
  port = 0;

  /** Resolves when `count` handshakes are complete on the server's side, too. */
  async handshakes(count = 1): Promise<void> {
    await this.until(`${count} handshakes`, () => {
      const sessions = this.output.match(/^-----END SSL SESSION PARAMETERS-----$/gm) ?? [];
      return sessions.length >= count;
    });
  }
}

/** Starts `openssl s_server` with further arguments. */
export async function startOpensslServer(
  args: readonly string[] = [],
  options: OpensslServerOptions = {},
): Promise<OpensslServer> {
  const { place = here, accept = "127.0.0.1:0", identity = certificates().server } = options;
  const { leafPath, keyPath, certPath } = identity;
  const server = new OpensslServer(place, "openssl", [
    "s_server",
    "-accept",
    accept,
    ...["-cert", leafPath, "-key", keyPath, "-cert_chain", certPath],
    ...args,
  ]);
  try {
    const [, port] = await server.saw(/^ACCEPT\b.*?(?::(\d+))?$/m);
    server.port = Number(port ?? accept.split(":").at(-1));
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}
