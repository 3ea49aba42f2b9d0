/**
 * What the link saw of a series of connections: packets, and when, but nothing of what they say.
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
   * `undefined` where the packet with the answer could not be told from others.
   */
  readonly answered: number | undefined;
}

/** What TLS 1.3 adds to a record (RFC 8446, section 5.2): header, content type, tag. */
const RECORD_OVERHEAD = 5 + 1 + 16;

/**
 * The connections in the order they were opened. The answer is told from the rest of what the server
 * sends by its length.
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
    // The link notes when a packet enters. What the server sends leaves it half a round trip later.
    const answered = answer && syn && answer.at + rtt / 2 - syn.at;
    return { synPayload: syn?.payload ?? 0, answered };
  });
}
