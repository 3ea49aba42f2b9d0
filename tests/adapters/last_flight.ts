/**
 * What the last connection had sent when its answer began, as the link saw it.
 *
 * @module
 */

import type { SeenPacket } from "../netlab/mod.ts";

/** The SYN of a connection, and the bytes that had left the client before anything came back. */
export interface LastFlight {
  readonly syn: SeenPacket;
  readonly sent: number;
}

/** Looks at the last connection of these packets. Where `sent` is the SYN's payload, all of it rode there. */
export function lastFlight(packets: readonly SeenPacket[]): LastFlight {
  const syn = packets.findLast(({ flags }) => flags === "S")!;
  const answered = packets.findIndex(({ from, payload, destinationPort }) =>
    from === "server" && payload > 0 && destinationPort === syn.sourcePort
  );
  const before = packets.slice(0, answered).filter(({ sourcePort }) =>
    sourcePort === syn.sourcePort
  );
  return { syn, sent: before.reduce((sum, { payload }) => sum + payload, 0) };
}
