/**
 * The account of what the flag has done, and of what it has left to the runtime.
 *
 * @module
 */

import type { TcpSocket, TlsConn, TlsSocket } from "../mod.ts";
import { builtin } from "./builtins.ts";

/** The channel of `node:diagnostics_channel` on which each {@linkcode Entry} is published. */
export const CHANNEL = "firstflight:register";

/** One thing that was done, or left. */
export type Entry =
  | {
    /** The function that was called, such as `tls.connect`. */
    readonly of: string;
    readonly outcome: "left";
    /** Why it was left to the runtime: the name of an option, or words. */
    readonly reason: string;
  }
  | {
    readonly of: string;
    /** A connection; of a socket when it has ended. */
    readonly outcome: "connection";
    /** How Fast Open ended; `undefined` where there was no connection in the end. */
    readonly fastOpen: string | undefined;
    /** How the early data ended; `undefined` in plain TCP, and where there was no connection. */
    readonly earlyData: string | undefined;
  }
  | {
    readonly of: string;
    /** A listener, and whether it takes data in the SYN. */
    readonly outcome: "listener";
    readonly enabled: boolean;
    /** Why it does not. */
    readonly reason?: string;
  };

/** Any of the sockets that the flag hands out. */
type Socket = TlsSocket | TcpSocket;

/** Counts, and tells whoever listens. */
export class Account {
  readonly #counts = new Map<string, number>();
  /** The sockets that have not ended yet, and by which function they were made. */
  readonly #open = new Map<Socket, string>();
  /** Kept: a runtime may forget a channel that nobody holds, with its subscribers. */
  readonly #channel = builtin("diagnostics_channel").channel(CHANNEL);

  /** Notes that a call is left to the runtime. */
  left(of: string, reason: string): void {
    this.#note({ of, outcome: "left", reason });
  }

  /** Notes what becomes of a socket when it has ended. */
  watch(of: string, socket: Socket): void {
    this.#open.set(socket, of);
    socket.once("close", () => {
      this.#open.delete(socket);
      this.#note(entryOf(of, socket));
    });
  }

  /** Notes a connection that stands. */
  connected(of: string, { fastOpen, earlyData }: TlsConn): void {
    this.#note({ of, outcome: "connection", fastOpen: fastOpen.outcome, earlyData });
  }

  /** Notes a listener. */
  listener(of: string, result: { readonly enabled: boolean; readonly reason?: string }): void {
    this.#note({ of, outcome: "listener", ...result });
  }

  /** How often each thing has happened, the open connections included. */
  counts(): Record<string, number> {
    const counts = new Map(this.#counts);
    for (const [socket, of] of this.#open) count(counts, entryOf(of, socket));
    return Object.fromEntries(counts);
  }

  #note(entry: Entry): void {
    count(this.#counts, entry);
    if (this.#channel.hasSubscribers) this.#channel.publish(entry);
  }
}

function entryOf(of: string, socket: Socket): Entry {
  const earlyData = "earlyData" in socket ? socket.earlyData : undefined;
  return { of, outcome: "connection", fastOpen: socket.fastOpen?.outcome, earlyData };
}

function count(counts: Map<string, number>, entry: Entry): void {
  const line = describe(entry);
  counts.set(line, (counts.get(line) ?? 0) + 1);
}

/** An entry in words; what they say of one kind is the same each time. */
function describe(entry: Entry): string {
  switch (entry.outcome) {
    case "left":
      return `${entry.of}: left to the runtime, ${entry.reason}`;
    case "connection": {
      const { of, fastOpen = "no connection", earlyData } = entry;
      return `${of}: Fast Open ${fastOpen}` + (earlyData ? `, early data ${earlyData}` : "");
    }
    case "listener":
      return entry.enabled
        ? `${entry.of}: takes Fast Open`
        : `${entry.of}: takes no Fast Open, ${entry.reason}`;
  }
}
