/**
 * Redis, without TLS: something in front of it terminates that.
 *
 * @module
 */

import { type Daemon, startDaemon } from "./daemon.ts";

/** Starts Redis, which keeps nothing. */
export function startRedis(port?: number): Promise<Daemon> {
  return startDaemon((folder, port) => [
    "redis-server",
    ...["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder.path()],
  ], { port });
}
