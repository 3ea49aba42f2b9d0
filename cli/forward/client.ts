/**
 * Serves one client: opens the connection to its target, and joins the two.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { type SessionStore, type StreamSocket, TlsSocket, tlsSocket } from "../../mod.ts";
import { Recent } from "../../base/recent.ts";
import { failureOf } from "../failure.ts";
import { formatTarget } from "../target.ts";
import { Account } from "./account.ts";
import { AllowList } from "./allow_list.ts";
import {
  type ConnectRequest,
  ESTABLISHED,
  readConnectRequest,
  Refusal,
  refusalText,
} from "./connect_request.ts";
import { endWith, reset, resetDelivered } from "./ends.ts";
import { MOMENT, nextChunk } from "./first_chunk.ts";
import { join, joinable } from "./join.ts";
import type { Log } from "./log.ts";
import { openTcp } from "./open_tcp.ts";
import type { Route } from "./route.ts";

/** Milliseconds for the request for a tunnel. */
const REQUEST_PATIENCE = 10_000;

/** Targets that are remembered to be there. */
const MOST_PROVEN = 1024;

/** What all clients share. */
export class Service {
  readonly #sessions: SessionStore;
  readonly #log: Log;
  /**
   * Targets of tunnels whose last connection was made. Their next client is answered before there is a
   * connection, so that its ClientHello can ride in the SYN. The first one could not carry it anyway: there
   * is no cookie yet.
   */
  readonly #proven = new Recent<string, true>(MOST_PROVEN);

  constructor(sessions: SessionStore, log: Log) {
    this.#sessions = sessions;
    this.#log = log;
  }

  /** Serves a client until both connections are closed. */
  async serve(near: Socket, route: Route, listen: string): Promise<void> {
    near.on("error", () => {}); // Its end is seen elsewhere.
    near.setKeepAlive(joinable.keepAlive, joinable.keepAliveInitialDelay);
    const { target } = route;
    const account = new Account(listen, target instanceof AllowList ? undefined : target);
    try {
      const far = await this.#open(near, route, account);
      if (far) {
        await join(near, far, account);
        if (far instanceof TlsSocket) this.#log.warnOf(far.warnings);
      }
    } catch (error) {
      account.failed(failureOf(error));
      if (error instanceof Refusal) await endWith(near, refusalText(error));
      else await resetDelivered(near);
    } finally {
      account.ended();
      this.#log.ended(account);
    }
  }

  /** Opens what the client is joined to; `undefined` where the client has gone before. */
  async #open(near: Socket, route: Route, account: Account): Promise<StreamSocket | undefined> {
    const { target, tls, dial } = route;
    if (target instanceof AllowList) return await this.#openAsked(near, route, target, account);
    if (!tls) return await openTcp(near, target, dial, await nextChunk(near, MOMENT), account);
    // With the first write at hand nothing has to be waited for when the ticket is known.
    const first = tls.earlyData && await nextChunk(near, MOMENT);
    const far = tlsSocket({
      ...dial,
      ...tls,
      ...target,
      sessions: this.#sessions,
      ...joinable,
    });
    far.on("error", () => {}); // Seen where the two are joined, even if it comes before that.
    account.begun(far);
    if (first) {
      account.sent += first.length;
      far.write(first);
    }
    return far;
  }

  /** Opens what the client asks for by CONNECT. */
  async #openAsked(
    near: Socket,
    { dial }: Route,
    allowed: AllowList,
    account: Account,
  ): Promise<StreamSocket | undefined> {
    const request = await awaitRequest(near);
    if (!request) return undefined;
    const { target, rest } = request;
    account.target = target;
    const name = formatTarget(target);
    if (!allowed.allows(target)) {
      throw new Refusal(403, `${name} is not allowed here; --allow says what is`);
    }
    const isProven = this.#proven.take(name);
    if (isProven) {
      near.write(ESTABLISHED);
      const first = rest.length > 0 ? rest : await nextChunk(near, MOMENT);
      const far = await openTcp(near, target, dial, first, account);
      if (far) this.#proven.set(name, true);
      return far;
    }
    const far = await openTcp(near, target, dial, undefined, account).catch((error) => {
      const { code, message } = failureOf(error);
      throw new Refusal(code === "TIMED_OUT" ? 504 : 502, message, code);
    });
    if (!far) return undefined;
    this.#proven.set(name, true);
    near.write(ESTABLISHED);
    if (rest.length > 0) near.unshift(rest);
    return far;
  }
}

/** The request for a tunnel; `undefined` where the client has gone before it was complete. */
async function awaitRequest(near: Socket): Promise<ConnectRequest | undefined> {
  const deadline = performance.now() + REQUEST_PATIENCE;
  for (let bytes: Uint8Array = new Uint8Array();;) {
    const chunk = await nextChunk(near, deadline - performance.now());
    if (chunk === null) return void near.destroy();
    if (!chunk) throw new Refusal(408, `There was no request within ${REQUEST_PATIENCE} ms`);
    bytes = Buffer.concat([bytes, chunk]);
    const request = readConnectRequest(bytes);
    if (request) return request;
  }
}

/** Turns a client away. One that speaks HTTP is told why. */
export function turnAway(near: Socket, { target }: Route, why: string): void {
  near.on("error", () => {});
  if (target instanceof AllowList) endWith(near, refusalText(new Refusal(503, why)));
  else reset(near);
}
