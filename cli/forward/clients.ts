/**
 * The clients that are being served: how many there may be, and how they end.
 *
 * @module
 */

import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import { turnAway } from "./client.ts";
import type { Service } from "./client.ts";
import { reset } from "./ends.ts";
import type { Log } from "./log.ts";
import type { Route } from "./route.ts";

/** All clients. */
export class Clients {
  readonly #service: Service;
  readonly #log: Log;
  readonly #most: number;
  readonly #sockets = new Set<Socket>();
  #onEmpty: (() => void) | undefined;

  /** Serves `most` clients at a time. */
  constructor(service: Service, log: Log, most: number) {
    this.#service = service;
    this.#log = log;
    this.#most = most;
  }

  /** Serves one that has connected to `place`, or turns it away. */
  add(near: Socket, route: Route, place: string): void {
    if (this.#sockets.size >= this.#most) {
      this.#log.refused(this.#most);
      return turnAway(near, route, `There are ${this.#most} connections already`);
    }
    this.#sockets.add(near);
    this.#service.serve(near, route, place).finally(() => {
      this.#sockets.delete(near);
      if (this.#sockets.size === 0) this.#onEmpty?.();
    });
  }

  /**
   * Lets clients finish for so many seconds, then cuts the others. `hurry` cuts them at once. Resolves to
   * whether it did.
   */
  async finish(seconds: number, hurry: Promise<void>): Promise<boolean> {
    const empty = Promise.withResolvers<void>();
    this.#onEmpty = empty.resolve;
    if (this.#sockets.size === 0) empty.resolve();
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, seconds * 1000);
    const hurried = await Promise.race([
      empty.promise.then(() => false),
      late.promise.then(() => false),
      hurry.then(() => true),
    ]);
    clearTimeout(timer);
    this.#log.cut(this.#sockets.size);
    for (const near of this.#sockets) reset(near);
    if (!hurried) await Promise.race([empty.promise, hurry]);
    return hurried;
  }
}
