/**
 * Packets that a middlebox makes itself, to answer the sender of a dropped packet.
 *
 * @module
 */

import { parseAddress } from "./address.ts";
import { fixIpChecksum, fixTcpChecksum, plainResidue, segmentResidue } from "./checksum.ts";
import {
  ACK,
  destinationAddress,
  FIN,
  ipVersion,
  parseTcp,
  RST,
  setU16,
  setU32,
  sourceAddress,
  SYN,
} from "./packet.ts";

const TCP = 6;
const ICMP = 1;
const ICMPV6 = 58;

/** The addresses from which the link itself answers, as a router does. */
const ROUTER_IPV4 = parseAddress("10.77.255.254");
const ROUTER_IPV6 = parseAddress("fd77:0:ffff::fffe");

/** An IP header with room for `length` bytes behind it. */
function ipPacket(
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  length: number,
): { packet: Uint8Array; offset: number } {
  if (source.length === 4) {
    const packet = new Uint8Array(20 + length);
    packet[0] = 0x45; // version 4, five words of header
    setU16(packet, 2, packet.length);
    packet[8] = 64; // time to live
    packet[9] = protocol;
    packet.set(source, 12);
    packet.set(destination, 16);
    fixIpChecksum(packet);
    return { packet, offset: 20 };
  }
  const packet = new Uint8Array(40 + length);
  packet[0] = 0x60; // version 6
  setU16(packet, 4, length);
  packet[6] = protocol;
  packet[7] = 64; // hop limit
  packet.set(source, 8);
  packet.set(destination, 24);
  return { packet, offset: 40 };
}

/**
 * The reset that a closed port would send for this TCP packet (RFC 9293, section 3.5.2): a packet
 * that acknowledges something says itself which number the reset must have.
 */
export function resetFor(refused: Uint8Array): Uint8Array {
  return segmentFor(refused, parseTcp(refused)!.flags & ACK ? RST : RST | ACK);
}

/**
 * A segment in the name of the host that `asked` is for: the next one that this host would send,
 * which acknowledges all of `asked`.
 */
export function segmentFor(
  asked: Uint8Array,
  flags: number,
  payload: Uint8Array = new Uint8Array(0),
): Uint8Array {
  const tcp = parseTcp(asked)!;
  const { packet, offset } = ipPacket(
    destinationAddress(asked),
    sourceAddress(asked),
    TCP,
    20 + payload.length,
  );
  setU16(packet, offset, tcp.destinationPort);
  setU16(packet, offset + 2, tcp.sourcePort);
  setU32(packet, offset + 4, tcp.ack);
  if (flags & ACK) {
    // A SYN and a FIN each take one sequence number.
    const length = tcp.payload + (tcp.flags & SYN ? 1 : 0) + (tcp.flags & FIN ? 1 : 0);
    setU32(packet, offset + 8, (tcp.seq + length) >>> 0);
  }
  packet[offset + 12] = 5 << 4; // five words of header
  packet[offset + 13] = flags;
  if (!(flags & RST)) setU16(packet, offset + 14, 0xffff); // the window
  packet.set(payload, offset + 20);
  fixTcpChecksum(packet);
  return packet;
}

/**
 * A router's message about a packet larger than the next link's MTU: ICMP "fragmentation needed"
 * (RFC 1191) or ICMPv6 "packet too big" (RFC 8201). It quotes the start of the packet.
 */
export function tooBigFor(refused: Uint8Array, mtu: number): Uint8Array {
  const four = ipVersion(refused) === 4;
  // The quote keeps the answer within the size that every host must take: 576 and 1280 bytes.
  const quote = refused.subarray(0, four ? 576 - 28 : 1280 - 48);
  const { packet, offset } = ipPacket(
    four ? ROUTER_IPV4 : ROUTER_IPV6,
    sourceAddress(refused),
    four ? ICMP : ICMPV6,
    8 + quote.length,
  );
  packet[offset] = four ? 3 : 2; // type: destination unreachable; packet too big
  packet[offset + 1] = four ? 4 : 0; // code: fragmentation needed; none
  setU32(packet, offset + 4, mtu);
  packet.set(quote, offset + 8);
  const residue = four
    ? plainResidue(packet.subarray(offset))
    : segmentResidue(packet, offset, ICMPV6);
  setU16(packet, offset + 2, residue);
  return packet;
}
