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

/** The reset that a closed port would send for this TCP packet. */
export function resetFor(refused: Uint8Array): Uint8Array {
  const { sourcePort, destinationPort, seq, flags, payload } = parseTcp(refused)!;
  const { packet, offset } = ipPacket(
    destinationAddress(refused),
    sourceAddress(refused),
    TCP,
    20,
  );
  setU16(packet, offset, destinationPort);
  setU16(packet, offset + 2, sourcePort);
  // A SYN and a FIN each take one sequence number.
  const length = payload + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
  setU32(packet, offset + 8, (seq + length) >>> 0);
  packet[offset + 12] = 5 << 4; // five words of header
  packet[offset + 13] = RST | ACK;
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
