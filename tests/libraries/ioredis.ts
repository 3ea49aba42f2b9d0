/**
 * ioredis, by its own TLS and by the connector for it.
 *
 * @module
 */

import { library } from "./library.ts";
import { HOST, type Way } from "./ways.ts";

/** A client. */
export interface Ioredis {
  connect(): Promise<void>;
  ping(): Promise<string>;
  client(...command: string[]): Promise<unknown>;
  disconnect(): void;
  on(event: "error" | "close" | "ready" | "reconnecting", listener: () => void): void;
}

/** Makes a client of a server on this machine. */
export function ioredisOf(way: Way, port: number, options: object): Ioredis {
  const { Redis } = library<{ Redis: new (options: object) => Ioredis }>("ioredis");
  const redis = new Redis({ host: HOST, port, ...options, ...way.redis() });
  redis.on("error", () => {}); // What is asked of it fails, too.
  return redis;
}
