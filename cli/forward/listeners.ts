/**
 * The sockets that clients connect to. Their routes can be replaced while they listen.
 *
 * @module
 */

import { createServer, type Server, type Socket } from "node:net";
import { listen } from "../../tcp/listen/listen.ts";
import type { Warning } from "../warnings.ts";
import { joinable } from "./join.ts";
import { formatPlace } from "./place.ts";
import type { Route } from "./route.ts";
import { listenAtPath } from "./unix_socket.ts";

/** What the listeners tell. */
export interface ListenersHeard {
  /** A client has connected to `place`. */
  client(near: Socket, route: Route, place: string): void;
  /** A listener can't accept at present. */
  warn(warning: Warning): void;
}

/** One socket that listens. */
export interface Listener {
  /** Its address, with the port that was picked. */
  readonly place: string;
  route: Route;
  close(): void;
}

/** Connections that the kernel keeps until they are accepted. */
const BACKLOG = 511;

/** All sockets that listen. */
export class Listeners {
  readonly #heard: ListenersHeard;
  /** By the place that was asked for. */
  #open = new Map<string, Listener>();

  constructor(heard: ListenersHeard) {
    this.#heard = heard;
  }

  /**
   * Listens for these routes and for no others; returns the listeners that are new. If one can't be opened,
   * everything is as before.
   *
   * @throws {ConnectError} or {CommandError} that says why a place can't be listened at
   */
  async follow(routes: readonly Route[]): Promise<Listener[]> {
    const wanted = new Map(routes.map((route) => [formatPlace(route.place), route]));
    const opened = new Map<string, Listener>();
    try {
      for (const [name, route] of wanted) {
        if (!this.#open.has(name)) opened.set(name, await this.#listen(route));
      }
    } catch (error) {
      for (const listener of opened.values()) listener.close();
      throw error;
    }
    const before = this.#open;
    this.#open = new Map();
    for (const [name, route] of wanted) {
      const listener = opened.get(name) ?? before.get(name)!;
      listener.route = route;
      before.delete(name);
      this.#open.set(name, listener);
    }
    for (const listener of before.values()) listener.close();
    return [...opened.values()];
  }

  /** Stops listening. Connections go on. */
  close(): void {
    for (const listener of this.#open.values()) listener.close();
    this.#open.clear();
  }

  async #listen(route: Route): Promise<Listener> {
    const server = createServer({ allowHalfOpen: joinable.allowHalfOpen, noDelay: true });
    const { place, release } = await this.#bind(server, route);
    const listener: Listener = {
      place,
      route,
      close() {
        release();
        server.close();
      },
    };
    server.on("connection", (near) => this.#heard.client(near, listener.route, place));
    return listener;
  }

  async #bind(
    server: Server,
    { place }: Route,
  ): Promise<{ readonly place: string; release(): void }> {
    if (place.kind === "unix") {
      return { place: formatPlace(place), release: await listenAtPath(server, place.path) };
    }
    const { hostname, port } = place;
    const settings = {
      hostname,
      port,
      transport: "tcp",
      backlog: BACKLOG,
      fastOpen: false,
    } as const;
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    const { addr } = listen(server, settings, {
      onStarted() {},
      onFailure: failed.reject,
      onAcceptError: (error) => this.#heard.warn(error),
    });
    return { place: formatPlace({ kind: "tcp", ...addr }), release() {} };
  }
}
