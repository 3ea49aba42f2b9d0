/**
 * Listening without a look-up before, where a runtime's `node:net` has the means.
 *
 * @module
 */

import net, { isIPv6, type Server } from "node:net";
import { getSystemErrorName } from "node:util";
import type { ListenAddress } from "./runtime.ts";

/** A socket of libuv's, or what has its place. */
interface Handle {
  /** 0, or the error's negative number. */
  listen(backlog: number): number;
  close(): void;
}

/** What `node:net` itself and `node:cluster` bind with; a number is an error's. */
type CreateHandle = (host: string, port: number, family: 4 | 6) => Handle | number;

/** Starts `server`; see `Runtime.listen`. `server.listen({ host })` would look an address up, too. */
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
