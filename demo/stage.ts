/**
 * Where the demo runs: on an emulated network or, where there can be none, on loopback.
 *
 * @module
 */

import type { ChildProcess, SpawnOptions } from "node:child_process";
import { netlabUnavailable, type SeenPacket, startNetlab } from "../tests/netlab/mod.ts";
import { here } from "../tests/peers/peer.ts";

/** A machine that programs are started on. */
export interface Side {
  spawn(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;
  /** What its kernel counted for it alone; absent where others share the counters. */
  counters?(): Promise<Record<string, number>>;
}

/** The place where the demo runs. */
export interface Stage extends AsyncDisposable {
  readonly client: Side;
  readonly server: Side;
  /** The address and the port, 0 for any, that the origin listens on. */
  readonly address: string;
  readonly port: number;
  /** The network between the two sides, where it can be watched. */
  readonly link?: Link;
  /** Why there is no such network. */
  readonly reason?: string;
}

/** The emulated network between two hosts. */
export interface Link {
  /** Milliseconds that a packet takes there and back. */
  readonly rtt: number;
  packets(): Promise<SeenPacket[]>;
  clearPackets(): Promise<void>;
}

/** Starts the emulated network, or falls back to loopback. */
export async function setStage(rtt: number): Promise<Stage> {
  const reason = netlabUnavailable();
  if (reason !== undefined) return { ...loopback(), reason };
  const lab = await startNetlab({ rtt });
  return {
    client: lab.client,
    server: lab.server,
    address: lab.server.ipv4,
    port: 443,
    link: lab,
    [Symbol.asyncDispose]: lab.stop,
  };
}

function loopback(): Stage {
  return {
    client: here,
    server: here,
    address: "127.0.0.1",
    port: 0,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
