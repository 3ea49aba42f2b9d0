/**
 * Workers of `node:cluster`, which is the same in all runtimes: the primary process binds, and shares
 * the socket, or the connections that it accepts, among its workers.
 *
 * @module
 */

import type { Server } from "node:net";
import process from "node:process";
import type { ListenAddress } from "./runtime.ts";

/** Whether this process is a worker, and has not left its primary. A thread of a worker is none. */
export function isClusterWorker(): boolean {
  try {
    // Only a connected process can be one: for others `node:cluster` need not be loaded.
    return process.connected === true && process.getBuiltinModule("node:cluster").isWorker;
  } catch {
    return false; // In Deno's threads the question is not allowed.
  }
}

/** Has the primary listen for `server`, which emits `"listening"` or `"error"` once it is known. */
export function listenByPrimary(server: Server, { host, port, backlog }: ListenAddress): void {
  server.listen({ host, port, backlog });
}
