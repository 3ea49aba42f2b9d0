/**
 * Redis, without TLS: something in front of it terminates that.
 *
 * @module
 */

import { type Daemon, startDaemon } from "./daemon.ts";

/** Starts Redis, which keeps nothing. `options` are further ones of its command line. */
export function startRedis(port?: number, ...options: readonly string[]): Promise<Daemon> {
  return startDaemon((folder, port) => [
    "redis-server",
    ...["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder.path()],
    ...options,
  ], { port });
}
