/**
 * The Internet checksum (RFC 1071) over the headers that carry one.
 *
 * @module
 */

import { destinationAddress, ipVersion, setU16, sourceAddress, tcpOffset, u8 } from "./packet.ts";

/** The ones' complement sum of 16-bit words, starting with `start`, folded to 16 bits. */
function sum(bytes: Uint8Array, start = 0): number {
  let total = start;
  for (let i = 0; i < bytes.length; i += 2) total += u8(bytes, i) << 8 | u8(bytes, i + 1);
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total;
}

/** The sum of the pseudo header: a segment's checksum also covers its two addresses. */
function pseudoHeader(packet: Uint8Array, protocol: number, length: number): number {
  return sum(destinationAddress(packet), sum(sourceAddress(packet), protocol + length));
}

/**
 * The rest when everything that a checksum covers is summed up, the checksum field included. 0
 * means that the checksum is right.
 */
export function segmentResidue(packet: Uint8Array, offset: number, protocol: number): number {
  const segment = packet.subarray(offset);
  return ~sum(segment, pseudoHeader(packet, protocol, segment.length)) & 0xffff;
}

/** Like {@linkcode segmentResidue}, for checksums without a pseudo header: IPv4's and ICMPv4's. */
export function plainResidue(bytes: Uint8Array): number {
  return ~sum(bytes) & 0xffff;
}

/** Writes the checksum of an IPv4 header; IPv6 has none. */
export function fixIpChecksum(packet: Uint8Array): void {
  if (ipVersion(packet) !== 4) return;
  setU16(packet, 10, 0);
  setU16(packet, 10, plainResidue(packet.subarray(0, (u8(packet, 0) & 0xf) * 4)));
}

/** Writes the checksum of the TCP segment in a packet. */
export function fixTcpChecksum(packet: Uint8Array): void {
  const tcp = tcpOffset(packet);
  setU16(packet, tcp + 16, 0);
  setU16(packet, tcp + 16, segmentResidue(packet, tcp, 6));
}

/** Whether both the IP header's checksum and the TCP segment's are right. */
export function checksumsHold(packet: Uint8Array): boolean {
  const headerHolds = ipVersion(packet) === 6 ||
    plainResidue(packet.subarray(0, (u8(packet, 0) & 0xf) * 4)) === 0;
  return headerHolds && segmentResidue(packet, tcpOffset(packet), 6) === 0;
}
