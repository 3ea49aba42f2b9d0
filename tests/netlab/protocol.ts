/**
 * The messages on the link process's pipe: one JSON object per line.
 *
 * @module
 */

import type { Middlebox } from "./middlebox.ts";

/** The one interface of each host besides loopback. */
export const DEVICE = "link0";

/** The host that a packet came from. */
export type Side = "client" | "server";

/** The link process's only argument. */
export interface LinkConfig {
  /** The process that the link serves and does not outlive. */
  readonly parent: number;
  readonly client: string;
  readonly server: string;
  /** Milliseconds. */
  readonly rtt: number;
  /** The largest packet that either device sends. */
  readonly mtu: number;
}

export type LinkRequest =
  & { readonly id: number }
  & (
    | { readonly ask: "middleboxes"; readonly list: readonly Middlebox[] }
    | { readonly ask: "packets" }
    | { readonly ask: "clear" }
  );

/** Answers come in the order of the requests. The first, with id 0, says that the link runs. */
export interface LinkAnswer {
  readonly id: number;
  readonly error?: string;
  readonly packets?: SeenPacket[];
}

/** A TCP packet as it arrived at the link, before any middlebox changed it. */
export interface SeenPacket {
  /** Arrival in milliseconds by the system's monotonic clock, which `clock.ts` reads. */
  readonly at: number;
  readonly from: Side;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** S, F, R, P and A for the flags set, in that order: `"S"`, `"SA"`, `"PA"`, `"FA"`, `"R"`. */
  readonly flags: string;
  readonly seq: number;
  readonly ack: number;
  /** Bytes of TCP payload. */
  readonly payload: number;
  /** Whether the Fast Open option asks for a cookie or carries one. */
  readonly fastOpenOption: "none" | "request" | "cookie";
  /** Whether a middlebox, or a full queue, dropped it. */
  readonly dropped: boolean;
}
