/**
 * What the demo asks of its clients, and what they find.
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

/** A line that a client reads: connect so often, one connection after the other. */
export interface Task {
  readonly mode: Mode;
  readonly connections: number;
}

/** What one connection showed. Times are milliseconds since `connectTls` was called. */
export interface Finding {
  /** The SYN was handed to the kernel. */
  readonly syn: number;
  /** The server's first byte arrived. */
  readonly hello: number;
  /** The handshake was complete, the server's certificate verified. */
  readonly secure: number;
  /** The request was written, unless the server took it as early data. */
  readonly request?: number;
  /** The first byte of the answer was read. */
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
