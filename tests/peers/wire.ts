/**
 * Reads what the link saw.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { SeenPacket } from "../netlab/mod.ts";

/** One connection as the link saw it. */
export interface Flow {
  /** The client's SYNs: the first one, and those that were sent again. */
  readonly syns: readonly SeenPacket[];
  /** The server's last SYN-ACK, if there was one. */
  readonly synAck: SeenPacket | undefined;
  /** All packets of the connection, oldest first. */
  readonly packets: readonly SeenPacket[];
}

/** The connections opened among `packets`, in that order. Without those that were opened before. */
export function flowsIn(packets: readonly SeenPacket[]): Flow[] {
  const flows = Map.groupBy(packets, (packet) => {
    const { source, sourcePort, destination, destinationPort } = packet;
    return packet.from === "client"
      ? `${source} ${sourcePort} ${destination} ${destinationPort}`
      : `${destination} ${destinationPort} ${source} ${sourcePort}`;
  });
  return [...flows.values()].map((flow) => ({
    syns: flow.filter(({ from, flags }) => from === "client" && flags === "S"),
    synAck: flow.findLast(({ from, flags }) => from === "server" && flags === "SA"),
    packets: flow,
  })).filter(({ syns }) => syns.length > 0);
}

/** The only connection opened among `packets`. */
export function onlyFlow(packets: readonly SeenPacket[]): Flow & { syn: SeenPacket } {
  const [flow, ...others] = flowsIn(packets);
  const syn = flow?.syns[0];
  assert.ok(flow && syn, "no connection was opened");
  assert.equal(others.length, 0, "more than one connection was opened");
  return { ...flow, syn };
}

/** How much of the SYN's payload the SYN-ACK acknowledges. */
export function acknowledged({ syns, synAck }: Flow): number {
  assert.ok(syns[0] && synAck, "the connection was not opened");
  return (synAck.ack - syns[0].seq - 1) >>> 0;
}

/** Bytes that the server sent before the client's first payload after the SYN passed the link. */
export function answeredAtOnce({ packets }: Flow): number {
  const next = packets.findIndex(({ from, flags, payload }) => {
    return from === "client" && flags !== "S" && payload > 0;
  });
  const before = next === -1 ? packets : packets.slice(0, next);
  return before.reduce((sum, { from, payload }) => from === "server" ? sum + payload : sum, 0);
}
