/**
 * firstflight, with and without Fast Open, tickets and early data.
 *
 * @module
 */

import { cert } from "../../harness/certificate.ts";
import { connectTls, MemorySessionStore, type StoredSession } from "../../../mod.ts";
import { SERVER_NAME } from "../throughput/way.ts";
import { type Ask, type Observation, request, type Target } from "./way.ts";

/** Milliseconds to wait for a ticket. */
const TICKET_TIMEOUT = 500;

/** A store that tells when a ticket arrives. */
class AwaitedStore extends MemorySessionStore {
  #arrival = Promise.withResolvers<void>();
  #size = 0;

  get filled(): boolean {
    return this.#size > 0;
  }

  override take(key: string): StoredSession | undefined {
    const taken = super.take(key);
    if (taken) this.#size--;
    return taken;
  }

  override put(key: string, session: StoredSession): void {
    super.put(key, session);
    this.#size++;
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  }

  /** Resolves when the next ticket arrives, or when none does. */
  async arrival(): Promise<void> {
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, TICKET_TIMEOUT);
    await Promise.race([this.#arrival.promise, timeout.promise]);
    clearTimeout(timer);
  }
}

/** How to connect. */
export interface ObserveOptions {
  readonly fastOpen: boolean;
  /** With a store, early data; default none. */
  readonly sessions?: AwaitedStore;
  /** Milliseconds until the response must begin. Default 5,000. */
  readonly timeout?: number;
}

/** Makes one connection. */
export async function observe(
  target: Target,
  { fastOpen, sessions, timeout = 5000 }: ObserveOptions,
): Promise<Observation> {
  const asked = request(target);
  const buffer = new Uint8Array(4096);
  const arrival = sessions?.arrival();
  const start = performance.now();
  using conn = await connectTls({
    ...target,
    serverName: SERVER_NAME,
    caCerts: [cert],
    fastOpen,
    sessions: sessions ?? false,
    connectTimeout: timeout,
    ...(sessions ? { earlyData: asked } : {}),
  });
  const handshake = performance.now() - start;
  const timer = setTimeout(() => conn.close(), timeout - handshake);
  if (!sessions) await conn.write(asked);
  const length = await conn.read(buffer);
  const firstByte = performance.now() - start;
  clearTimeout(timer);
  if (length === null) throw new Error("The connection ended without a response");
  await arrival;
  const { earlyData, fastOpen: { outcome, synBytes, flightBytes } } = conn;
  return { handshake, firstByte, facts: { outcome, synBytes, flightBytes, earlyData } };
}

/** With early data; a connection that is not counted fetches the ticket where there is none. */
function withTicket(fastOpen: boolean): Ask {
  const sessions = new AwaitedStore();
  return async (target) => {
    if (!sessions.filled) await observe(target, { fastOpen, sessions });
    return await observe(target, { fastOpen, sessions });
  };
}

export const ways: Readonly<Record<string, Ask>> = {
  "plain": (target) => observe(target, { fastOpen: false }),
  "cookie": (target) => observe(target, { fastOpen: true }),
  "plain, early data": withTicket(false),
  "cookie, early data": withTicket(true),
};
