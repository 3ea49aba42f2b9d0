/**
 * Listens without a name look-up first, in the runtimes whose `node:net` has the means.
 *
 * @module
 */

import net, { isIPv6, type Server } from "node:net";
import { getSystemErrorName } from "node:util";
import type { ListenAddress } from "./runtime.ts";

/** A libuv socket, or what a runtime has in its place. */
interface Handle {
  /** Returns 0, or a negative error number. */
  listen(backlog: number): number;
  close(): void;
}

/** How `node:net` and `node:cluster` bind. Returns the error number on failure. */
type CreateHandle = (host: string, port: number, family: 4 | 6) => Handle | number;

/** Starts `server`; see `Runtime.listen`. `server.listen({ host })` looks up even an IP address. */
export function listenAtOnce(server: Server, { host, port, backlog }: ListenAddress): void {
  const { _createServerHandle: create } = net as unknown as { _createServerHandle: CreateHandle };
  const handle = create(host, port, isIPv6(host) ? 6 : 4);
  const isHandle = typeof handle !== "number";
  const status = isHandle ? handle.listen(backlog) : handle; // Windows binds when it listens.
  if (status !== 0) {
    if (isHandle) handle.close();
    throw Object.assign(new Error("listen failed"), { code: getSystemErrorName(status) });
  }
  server.listen(handle, backlog);
}
