/**
 * Serves one client: opens the connection to its target, and joins the two.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import {
  type SessionStore,
  type StreamSocket,
  tcpSocket,
  TlsSocket,
  tlsSocket,
} from "../../mod.ts";
import { Recent } from "../../base/recent.ts";
import { failureOf } from "../failure.ts";
import { formatTarget, type Target } from "../target.ts";
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
import { helloBytesIn } from "./hello_bytes.ts";
import { join, reasonOf } from "./join.ts";
import type { Log } from "./log.ts";
import type { Route } from "./route.ts";

/** Milliseconds that a client may take for its first bytes, before it is connected without. */
const MOMENT = 50;

/** Milliseconds for the request for a tunnel. */
const REQUEST_PATIENCE = 10_000;

/**
 * Milliseconds of silence after which the kernels ask whether the other end is still there. A client that has
 * ended may wait for the rest of an answer, or be gone; only its kernel knows.
 */
const SILENCE = 60_000;

/** Targets that are remembered to be there. */
const MOST_PROVEN = 1024;

/** Options of all connections to targets. */
const ofBothKinds = { allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: SILENCE };

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
    near.setKeepAlive(true, SILENCE);
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
      ...ofBothKinds,
    });
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

/**
 * What the client sends next, which leaves it paused; `undefined` where that is nothing for so many
 * milliseconds, `null` where the client has ended.
 */
function nextChunk(near: Socket, patience: number): Promise<Uint8Array | null | undefined> {
  if (near.destroyed || near.readableEnded) return Promise.resolve(null);
  return new Promise((resolve) => {
    const finish = (chunk: Uint8Array | null | undefined) => {
      clearTimeout(timer);
      near.pause();
      near.off("data", finish).off("end", gone).off("close", gone);
      resolve(chunk);
    };
    const gone = () => finish(null);
    const timer = setTimeout(() => finish(undefined), patience);
    near.on("data", finish).on("end", gone).on("close", gone).resume();
  });
}

/**
 * Opens TCP, with the ClientHello that the client's first bytes begin with in the SYN; `undefined` where the
 * client has gone meanwhile.
 */
async function openTcp(
  near: Socket,
  target: Target,
  dial: Route["dial"],
  first: Uint8Array | null | undefined,
  account: Account,
): Promise<StreamSocket | undefined> {
  const bytes = first ?? new Uint8Array();
  const rides = helloBytesIn(bytes);
  const far = tcpSocket({
    ...dial,
    ...target,
    ...ofBothKinds,
    ...(rides > 0 ? { data: "first-write" } : {}),
  });
  account.begun(far);
  const leave = () => void far.destroy();
  near.on("close", leave);
  try {
    if (near.destroyed) leave();
    if (rides > 0) far.write(bytes.subarray(0, rides));
    if (!await isConnected(far)) return undefined;
    account.sent += bytes.length;
    if (bytes.length > rides) far.write(bytes.subarray(rides));
    return far;
  } finally {
    near.off("close", leave);
  }
}

/** Resolves when the socket is connected, to `false` when it was destroyed before, and rejects if it can't be. */
function isConnected(far: StreamSocket): Promise<boolean> {
  return new Promise((resolve, reject) => {
    far.once("connect", () => resolve(true));
    far.once("error", (error) => reject(reasonOf(error)));
    far.once("close", () => resolve(false));
  });
}

/** Turns a client away. One that speaks HTTP is told why. */
export function turnAway(near: Socket, { target }: Route, why: string): void {
  near.on("error", () => {});
  if (target instanceof AllowList) endWith(near, refusalText(new Refusal(503, why)));
  else reset(near);
}
