/**
 * What the link saw of a series of connections: the packets and their times, not their content.
 *
 * @module
 */

import type { SeenPacket } from "../tests/netlab/mod.ts";
import { flowsIn } from "../tests/peers/wire.ts";

/** One connection as the link saw it. */
export interface SeenAnswer {
  /** Bytes of payload in the SYN. */
  readonly synPayload: number;
  /**
   * Milliseconds from the SYN to the answer's first byte, both at the client's end of the link;
   * `undefined` where the packet with the answer was not found.
   */
  readonly answered: number | undefined;
}

/** Bytes that TLS 1.3 adds to a record (RFC 8446, section 5.2): header, content type, tag. */
const RECORD_OVERHEAD = 5 + 1 + 16;

/**
 * The connections in the order they were opened. The packet with the answer is recognized by its
 * length.
 */
export function answersSeen(
  packets: readonly SeenPacket[],
  answerLength: number,
  rtt: number,
): SeenAnswer[] {
  return flowsIn(packets).map(({ syns: [syn], packets }) => {
    const answer = packets.find(({ from, payload }) => {
      return from === "server" && payload === answerLength + RECORD_OVERHEAD;
    });
    // The link notes the time when a packet enters. The server's packets leave half a round trip
    // later.
    const answered = answer && syn && answer.at + rtt / 2 - syn.at;
    return { synPayload: syn?.payload ?? 0, answered };
  });
}
