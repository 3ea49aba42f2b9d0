/**
 * The same request in three ways, in turns, so that changes of the network affect all ways alike.
 *
 * @module
 */

import type { ConnectTlsOptions, SessionStore } from "../mod.ts";
import { exchange, type Sample } from "./exchange.ts";
import { Tickets } from "./tickets.ts";

/** A way to make a connection. */
export type Way = "plain" | "fast-open" | "early-data";

/** The samples of each way, in the order they were taken. */
export type Samples = Readonly<Record<Way, readonly Sample[]>>;

/**
 * The first connection of the process, as a program makes it that runs once. It is not among the
 * samples, because it includes the look-up and the start of OpenSSL and the compiler.
 */
export interface FirstConnection extends Sample {
  /** Whether there was a ticket of an earlier run. */
  readonly ticket: boolean;
}

/** All measurements. */
export interface Measurement {
  readonly first: FirstConnection;
  readonly samples: Samples;
}

/** How to measure. */
export interface MeasureOptions {
  readonly connection: ConnectTlsOptions;
  readonly request: Uint8Array;
  /** Connections per way. */
  readonly repeat: number;
  /** Where an earlier run may have left a ticket, and where this run leaves some. */
  readonly store: SessionStore;
  /** Called before each connection. */
  readonly onProgress?: (done: number, all: number) => void;
}

/** Milliseconds to wait for tickets after an answer. */
const TICKET_PATIENCE = 500;

/** Measures, after connections that are not counted: they fetch the cookie and enough tickets. */
export async function measure(options: MeasureOptions): Promise<Measurement> {
  const { connection, request, repeat, store, onProgress } = options;
  const samples: Record<Way, Sample[]> = { "plain": [], "fast-open": [], "early-data": [] };
  const tickets = new Tickets();
  onProgress?.(0, 3 * repeat);
  try {
    const first = await connectFirst(options, tickets);
    // The statistics are of fresh tickets, because those of an earlier run may be void by now. One
    // ticket is left for the next run.
    await gather(connection, request, tickets, repeat + 1);
    const ways: readonly [Way, Partial<ConnectTlsOptions>][] = [
      ["plain", { fastOpen: false, sessions: false }],
      ["fast-open", { sessions: false }],
      ["early-data", { sessions: tickets, earlyData: request }],
    ];
    for (let turn = 0; turn < repeat; turn++) {
      for (const [index, [way, changes]] of ways.entries()) {
        onProgress?.(3 * turn + index, 3 * repeat);
        if (way === "early-data" && tickets.size === 0) continue;
        const { sample, conn } = await exchange({ ...connection, ...changes }, request);
        conn.close();
        samples[way].push(sample);
      }
    }
    return { first, samples };
  } finally {
    await tickets.leaveTo(store);
  }
}

/** Makes the first connection, with a ticket of an earlier run if there is one. */
async function connectFirst(
  { connection, request, store }: MeasureOptions,
  tickets: Tickets,
): Promise<FirstConnection> {
  let ticket = false;
  const sessions: SessionStore = {
    async take(key) {
      const session = await store.take(key);
      ticket = session !== undefined;
      return session;
    },
    put: (key, session) => tickets.put(key, session),
  };
  const { sample, conn } = await exchange({ ...connection, sessions, earlyData: request }, request);
  conn.close();
  return { ...sample, ticket };
}

/**
 * Collects the tickets. A server that takes early data may close before it sends new ones, so there
 * must be one ticket for every turn. A server sends a few per full handshake, or none at all.
 */
async function gather(
  connection: ConnectTlsOptions,
  request: Uint8Array,
  tickets: Tickets,
  wanted: number,
): Promise<void> {
  tickets.closed = true;
  while (tickets.size < wanted) {
    const before = tickets.size;
    const { conn } = await exchange({ ...connection, sessions: tickets }, request);
    if (tickets.size === before) await tickets.arrival(TICKET_PATIENCE);
    conn.close();
    if (tickets.size === before) break;
  }
  tickets.closed = false;
}
