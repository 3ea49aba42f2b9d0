/**
 * ioredis, which asks a connector for its sockets.
 *
 * @module
 */

import type { Duplex } from "node:stream";
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
  const how = way.pick({ tls: way.trust }, () => ({
    Connector: connectorOf(() => way.socket(port)),
  }));
  const { Redis } = library<{ Redis: new (options: object) => Ioredis }>("ioredis");
  const redis = new Redis({ host: HOST, port, ...options, ...how });
  redis.on("error", () => {}); // What is asked of it fails, too.
  return redis;
}

function connectorOf(connect: () => Duplex) {
  return class {
    connecting = false;
    #stream: Duplex | undefined;

    check(): boolean {
      return true;
    }

    connect(): Promise<Duplex> {
      this.connecting = true;
      return Promise.resolve(this.#stream = connect());
    }

    disconnect(): void {
      this.connecting = false;
      this.#stream?.end();
    }
  };
}
