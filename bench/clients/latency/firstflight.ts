/**
 * firstflight, with and without Fast Open, tickets and early data.
 *
 * @module
 */

import { cert } from "../../harness/certificate.ts";
import { connectTls, MemorySessionStore, type TlsClientOptions } from "../../../mod.ts";
import { AwaitedStore } from "../awaited_store.ts";
import { SERVER_NAME } from "../throughput/way.ts";
import { type Ask, type Observation, request, type Target } from "./way.ts";

/** How to connect. */
export interface ObserveOptions {
  readonly fastOpen: boolean;
  /** With a store, the request is early data. Default none. */
  readonly sessions?: AwaitedStore;
  /** Milliseconds until the response must begin. Default 5,000. */
  readonly timeout?: number;
  /** The request to send. Default a GET of `/`. */
  readonly asked?: Uint8Array<ArrayBuffer>;
  /** Further TLS options. */
  readonly tls?: TlsClientOptions;
}

/** Makes one connection. */
export async function observe(
  target: Target,
  { fastOpen, sessions, timeout = 5000, asked = request(target), tls = {} }: ObserveOptions,
): Promise<Observation> {
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
    ...tls,
  });
  const handshake = performance.now() - start;
  const timer = setTimeout(() => conn.close(), timeout - handshake);
  if (!sessions) await conn.write(asked);
  const length = await conn.read(buffer);
  const firstByte = performance.now() - start;
  clearTimeout(timer);
  if (length === null) throw new Error("The connection ended without a response");
  await arrival;
  const { earlyData, group, fastOpen: { outcome, synBytes, flightBytes } } = conn;
  const facts = { outcome, synBytes, flightBytes, earlyData };
  return { handshake, firstByte, facts, ...(group === undefined ? {} : { group }) };
}

/**
 * Sends the request as early data. Where there is no ticket, an uncounted connection fetches one.
 */
function withTicket(fastOpen: boolean): Ask {
  const memory = new MemorySessionStore();
  const sessions = new AwaitedStore(memory);
  return async (target) => {
    if (memory.size === 0) await observe(target, { fastOpen, sessions });
    return await observe(target, { fastOpen, sessions });
  };
}

/** Uses the runtime's own TLS. */
function onRuntime(fastOpen: boolean): Ask {
  return (target) => observe(target, { fastOpen, tls: { engine: "runtime" } });
}

export const ways: Readonly<Record<string, Ask>> = {
  "plain": (target) => observe(target, { fastOpen: false }),
  "cookie": (target) => observe(target, { fastOpen: true }),
  "plain, early data": withTicket(false),
  "cookie, early data": withTicket(true),
  "plain, engine runtime": onRuntime(false),
  "cookie, engine runtime": onRuntime(true),
};
