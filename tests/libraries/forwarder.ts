/**
 * For libraries that take no socket, but can connect to a path without TLS: whatever connects there is
 * connected to a socket of ours.
 *
 * @module
 */

import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { temporaryFolder } from "../peers/folder.ts";

/** A path to connect to. */
export interface Forwarder extends AsyncDisposable {
  readonly path: string;
}

/** Starts to forward from a path of its own. */
export async function startForwarder(connect: () => Duplex): Promise<Forwarder> {
  const folder = temporaryFolder();
  const path = folder.path("socket");
  const accepted = new Set<Socket>();
  const server = createServer((near) => {
    accepted.add(near);
    const far = connect();
    near.pipe(far).pipe(near);
    for (const [one, other] of [[near, far], [far, near]] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  server.listen(path);
  await once(server, "listening");
  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of accepted) socket.destroy();
    await closed;
    folder[Symbol.dispose]();
  };
  return { path, [Symbol.asyncDispose]: stop };
}
