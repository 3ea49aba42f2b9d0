/**
 * One connection as the link between client and server saw it, independent of both hosts.
 *
 * @module
 */

import type { SeenPacket } from "../../tests/netlab/mod.ts";

/** More bytes than a server's whole handshake, fewer than the response's first segment. */
const FULL_SEGMENT = 1300;

/** What the packets of a connection show. */
export interface Flow {
  /** When the SYN passed, in milliseconds by the clock of the link's packets. */
  readonly at: number;
  /** Bytes in the SYN. */
  readonly synBytes: number;
  /** Whether the SYN came with a Fast Open cookie. */
  readonly cookie: boolean;
  /** Whether the SYN-ACK acknowledged those bytes. */
  readonly acknowledged: boolean;
  /** Milliseconds from the SYN to the ACK of the SYN-ACK, both seen at the link: a round trip. */
  readonly roundTrip: number;
  /** Milliseconds from the SYN to the response's first packet, both seen at the link. */
  readonly response: number;
}

/** Every SYN to `port`, repeated ones too. */
export function synsTo(port: number, packets: readonly SeenPacket[]): SeenPacket[] {
  return packets.filter(({ flags, destinationPort }) => flags === "S" && destinationPort === port);
}

/** Reads the last connection that was opened to `port`; `undefined` when there was none. */
export function lastFlow(packets: readonly SeenPacket[], port: number): Flow | undefined {
  const syn = synsTo(port, packets).at(-1);
  if (!syn) return undefined;
  const ofFlow = packets.filter(({ sourcePort, destinationPort }) =>
    sourcePort === syn.sourcePort || destinationPort === syn.sourcePort
  );
  const synAck = ofFlow.find(({ flags }) => flags === "SA");
  const ack = ofFlow.find(({ from, at, flags }) =>
    synAck !== undefined && from === "client" && at > synAck.at && flags !== "S"
  );
  const response = ofFlow.find(({ from, payload }) => from === "server" && payload >= FULL_SEGMENT);
  return {
    at: syn.at,
    synBytes: syn.payload,
    cookie: syn.fastOpenOption === "cookie",
    acknowledged: synAck !== undefined && synAck.ack === (syn.seq + 1 + syn.payload) >>> 0,
    roundTrip: (ack?.at ?? NaN) - syn.at,
    response: (response?.at ?? NaN) - syn.at,
  };
}
