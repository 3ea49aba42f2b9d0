/**
 * Plain sockets that the flag has opened, and what TLS over them has to know.
 *
 * @module
 */

import type { TcpSocket } from "../mod.ts";

/** A socket that the flag has opened. By `_host` the runtimes know whom TLS over it is to verify. */
export type OpenedByFlag = TcpSocket & { _host?: string };

const opened = new WeakSet<object>();

/** Whether the flag has opened a socket. */
export function isOpenedByFlag(value: unknown): value is OpenedByFlag {
  return typeof value === "object" && value !== null && opened.has(value);
}

/** Marks a socket that connects to `host`. */
export function markOpened(socket: TcpSocket, host: unknown): void {
  (socket as OpenedByFlag)._host = typeof host === "string" && host !== "" ? host : "localhost";
  opened.add(socket);
}
