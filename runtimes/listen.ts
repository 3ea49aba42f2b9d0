/**
 * Listens without a name look-up first, in the runtimes whose `node:net` has the means.
 *
 * @module
 */

import { closeSync } from "node:fs";
import net, { isIPv6, type Server } from "node:net";
import { getSystemErrorName } from "node:util";
import type { ListenAddress } from "./runtime.ts";

/** A libuv socket, or what a runtime has in its place. */
interface Handle {
  /** Returns 0, or a negative error number. */
  listen(backlog: number): number;
  close(): void;
}

/** How `node:net` and `node:cluster` bind or adopt. Returns the error number on failure. */
type CreateHandle = (
  host: string | null,
  port: number,
  family: 4 | 6 | -1,
  fd?: number,
) => Handle | number;

/** What `server.listen(handle)` does, which in Deno's workers of `node:cluster` asks the primary. */
interface Starting {
  _handle: Handle;
  _listen2(host: null, port: -1, family: -1, backlog: number): void;
}

const { _createServerHandle: create } = net as unknown as { _createServerHandle: CreateHandle };

/** Starts `server`; see `Runtime.listen`. `server.listen({ host })` looks up even an IP address. */
export function listenAtOnce(server: Server, { host, port, backlog }: ListenAddress): void {
  startOn(server, create(host, port, isIPv6(host) ? 6 : 4), backlog);
}

/**
 * Starts `server` on the listening socket `fd`. In a worker of `node:cluster`, `server.listen({ fd })`
 * would send the number to the primary process, which has another file under it.
 */
export function listenOn(server: Server, fd: number, backlog: number): void {
  const handle = create(null, 0, -1, fd);
  if (typeof handle === "number") closeSync(fd); // Nobody owns it otherwise.
  startOn(server, handle, backlog);
}

function startOn(server: Server, handle: Handle | number, backlog: number): void {
  if (typeof handle === "number") throw failure(handle);
  const status = handle.listen(backlog); // Windows binds when it listens.
  if (status !== 0) {
    handle.close();
    throw failure(status);
  }
  const starting = server as unknown as Starting;
  starting._handle = handle;
  starting._listen2(null, -1, -1, backlog);
}

function failure(status: number): Error {
  return Object.assign(new Error("listen failed"), { code: getSystemErrorName(status) });
}
