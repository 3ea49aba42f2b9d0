/**
 * The link's record of the packets it saw: the start of every flow.
 *
 * @module
 */

import { formatAddress } from "./address.ts";
import {
  ACK,
  destinationAddress,
  fastOpenOption,
  FIN,
  parseTcp,
  PSH,
  RST,
  sourceAddress,
  SYN,
  tcpOffset,
  u16,
  u8,
} from "./packet.ts";
import type { SeenPacket, Side } from "./protocol.ts";

const PER_FLOW = 64;
const IN_ALL = 4096;

const LETTERS = [[SYN, "S"], [FIN, "F"], [RST, "R"], [PSH, "P"], [ACK, "A"]] as const;

export class Recorder {
  #packets: SeenPacket[] = [];
  #perFlow = new Map<number, number>();

  /**
   * Records a packet, unless there are enough of its flow, or in all.
   *
   * @returns the record, to note a drop in; `undefined` when the packet was not recorded.
   */
  record(packet: Uint8Array, from: Side, at: number): { dropped: boolean } | undefined {
    if (this.#packets.length === IN_ALL) return undefined;
    const tcp = tcpOffset(packet);
    if (tcp === 0) return undefined;
    const flow = flowKey(packet, tcp, from);
    const seen = this.#perFlow.get(flow) ?? 0;
    if (seen === PER_FLOW) return undefined;
    this.#perFlow.set(flow, seen + 1);
    const entry = describe(packet, tcp, from, at);
    this.#packets.push(entry);
    return entry;
  }

  get packets(): SeenPacket[] {
    return this.#packets;
  }

  clear(): void {
    this.#packets = [];
    this.#perFlow.clear();
  }
}

/**
 * One number for both directions of a flow: 32 bits of ports and 21 bits of addresses fill a
 * double. The addresses may be hashed, because two flows with one number would only share a limit.
 */
function flowKey(packet: Uint8Array, tcp: number, from: Side): number {
  const source = u16(packet, tcp), destination = u16(packet, tcp + 2);
  const ports = from === "client" ? source * 0x10000 + destination : destination * 0x10000 + source;
  const near = sourceAddress(packet), far = destinationAddress(packet);
  const [client, server] = from === "client" ? [near, far] : [far, near];
  return ports * 0x200000 + (u8(client, client.length - 1) << 13 ^ u16(server, server.length - 2));
}

function describe(
  packet: Uint8Array,
  tcp: number,
  from: Side,
  at: number,
): { -readonly [K in keyof SeenPacket]: SeenPacket[K] } {
  const { source, sourcePort, destination, destinationPort, ...rest } = parseTcp(packet)!;
  const option = fastOpenOption(packet, tcp);
  return {
    at,
    from,
    source: formatAddress(source),
    sourcePort,
    destination: formatAddress(destination),
    destinationPort,
    ...rest,
    flags: LETTERS.filter(([bit]) => rest.flags & bit).map(([, letter]) => letter).join(""),
    fastOpenOption: option === undefined ? "none" : option.cookie === 0 ? "request" : "cookie",
    dropped: false,
  };
}
