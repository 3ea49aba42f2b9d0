/**
 * A relay that cuts its connections when it is told to, as a server does that has no manners, or a path
 * that has lost its state.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import { type Cut, startRawServer } from "../fixtures/hostile_server.ts";
import { HOST } from "./ways.ts";

/** A running relay. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** The number of connections so far. */
  readonly accepted: number;
  /** Ends the clients' connections, by a FIN without close_notify, or by a reset. */
  cut(how: Cut): void;
}

/** Starts a relay to a server on this machine. */
export async function startRelay(port: number): Promise<Relay> {
  const clients = new Set<Socket>();
  const server = await startRawServer((client) => {
    clients.add(client);
    const upstream = connect(port, HOST);
    upstream.on("error", () => client.destroy());
    client.on("close", () => {
      clients.delete(client);
      upstream.destroy();
    });
    upstream.on("close", () => client.end());
    client.pipe(upstream).pipe(client, { end: false });
  });
  return {
    port: server.port,
    get accepted() {
      return server.accepted;
    },
    cut(how) {
      for (const client of clients) how === "RST" ? client.resetAndDestroy() : client.end();
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
