/**
 * The tasks of the demo's clients, and their findings.
 *
 * @module
 */

import type { EarlyDataStatus, FastOpenResult } from "../mod.ts";

/** The ways to connect, from the longest to the shortest. */
export const modes = ["plain", "fast-open", "early-data"] as const;

/** A way to connect. */
export type Mode = typeof modes[number];

/** A client's only argument. */
export interface ClientConfig {
  readonly hostname: string;
  readonly port: number;
}

/** A line that a client reads: make so many connections, one after the other. */
export interface Task {
  readonly mode: Mode;
  readonly connections: number;
}

/** The result of one connection. Times are milliseconds since `connectTls` was called. */
export interface Finding {
  /** When the SYN was handed to the kernel. */
  readonly syn: number;
  /** When the server's first byte arrived. */
  readonly hello: number;
  /** When the handshake was complete and the server's certificate verified. */
  readonly secure: number;
  /** When the request was written; absent where it is early data. */
  readonly request?: number;
  /** When the first byte of the answer was read. */
  readonly response: number;
  /** Bytes of the answer. */
  readonly answer: number;
  readonly fastOpen: FastOpenResult;
  readonly earlyData: EarlyDataStatus;
  readonly protocol: string;
  readonly group: string | undefined;
}

/** A line that a client writes, one for each task. */
export interface Findings {
  readonly version: string;
  readonly findings: readonly Finding[];
}
