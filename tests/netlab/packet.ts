/**
 * Reading IPv4 and IPv6 packets that carry TCP, and their checksums.
 *
 * The accessors take a packet and an offset and allocate nothing, because they run on every packet.
 * Only {@linkcode parseTcp} makes an object. IPv6 extension headers and fragments do not count as
 * TCP: the kernel's TCP sends neither.
 *
 * @module
 */

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

export const OPTION_END = 0;
export const OPTION_NOP = 1;
export const OPTION_MSS = 2;
/** The Fast Open option that RFC 7413 registered. */
export const OPTION_FAST_OPEN = 34;
/** The shared experimental option (RFC 6994). Followed by this magic number it means Fast Open. */
export const OPTION_EXPERIMENT = 254;
export const FAST_OPEN_MAGIC = 0xf989;

const PROTOCOL_TCP = 6;
const IPV6_HEADER = 40;

export function u8(packet: Uint8Array, at: number): number {
  return packet[at] ?? 0;
}

export function u16(packet: Uint8Array, at: number): number {
  return u8(packet, at) << 8 | u8(packet, at + 1);
}

export function u32(packet: Uint8Array, at: number): number {
  return u16(packet, at) * 0x10000 + u16(packet, at + 2);
}

export function setU16(packet: Uint8Array, at: number, value: number): void {
  packet[at] = value >>> 8;
  packet[at + 1] = value;
}

export function setU32(packet: Uint8Array, at: number, value: number): void {
  setU16(packet, at, value >>> 16);
  setU16(packet, at + 2, value & 0xffff);
}

export function ipVersion(packet: Uint8Array): number {
  return u8(packet, 0) >> 4;
}

/** Where the TCP header starts; 0 when the packet carries no TCP. */
export function tcpOffset(packet: Uint8Array): number {
  let offset = 0;
  if (ipVersion(packet) === 4) {
    const laterFragment = (u16(packet, 6) & 0x1fff) !== 0;
    if (packet[9] === PROTOCOL_TCP && !laterFragment) offset = (u8(packet, 0) & 0xf) * 4;
  } else if (ipVersion(packet) === 6 && packet[6] === PROTOCOL_TCP) {
    offset = IPV6_HEADER;
  }
  return offset !== 0 && packet.length >= offset + 20 ? offset : 0;
}

/** The six classic flag bits of a TCP header. */
export function tcpFlags(packet: Uint8Array, tcp: number): number {
  return u8(packet, tcp + 13) & 0x3f;
}

/** Where the TCP header ends and the payload starts. */
export function payloadOffset(packet: Uint8Array, tcp: number): number {
  return tcp + (u8(packet, tcp + 12) >> 4) * 4;
}

export function sourceAddress(packet: Uint8Array): Uint8Array {
  return ipVersion(packet) === 4 ? packet.subarray(12, 16) : packet.subarray(8, 24);
}

export function destinationAddress(packet: Uint8Array): Uint8Array {
  return ipVersion(packet) === 4 ? packet.subarray(16, 20) : packet.subarray(24, 40);
}

/** A TCP option in place: where it starts, and how long it is with its kind and length bytes. */
export interface TcpOption {
  readonly kind: number;
  readonly at: number;
  readonly length: number;
}

/** The options of a TCP header, without padding. Stops at the first malformed one, as kernels do. */
export function tcpOptions(packet: Uint8Array, tcp: number): TcpOption[] {
  const options: TcpOption[] = [];
  const end = payloadOffset(packet, tcp);
  for (let at = tcp + 20; at < end;) {
    const kind = u8(packet, at);
    if (kind === OPTION_END) break;
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const length = u8(packet, at + 1);
    if (length < 2 || at + length > end) break;
    options.push({ kind, at, length });
    at += length;
  }
  return options;
}

/** The Fast Open option in either encoding, with the length of the cookie that it carries. */
export function fastOpenOption(
  packet: Uint8Array,
  tcp: number,
): TcpOption & { cookie: number } | undefined {
  for (const option of tcpOptions(packet, tcp)) {
    if (option.kind === OPTION_FAST_OPEN) return { ...option, cookie: option.length - 2 };
    const experiment = option.kind === OPTION_EXPERIMENT && option.length >= 4;
    if (experiment && u16(packet, option.at + 2) === FAST_OPEN_MAGIC) {
      return { ...option, cookie: option.length - 4 };
    }
  }
  return undefined;
}

/** The fields of a TCP packet. */
export interface TcpPacket {
  readonly source: Uint8Array;
  readonly sourcePort: number;
  readonly destination: Uint8Array;
  readonly destinationPort: number;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  /** Bytes after the TCP header. */
  readonly payload: number;
}

export function parseTcp(packet: Uint8Array): TcpPacket | undefined {
  const tcp = tcpOffset(packet);
  if (tcp === 0) return undefined;
  return {
    source: sourceAddress(packet),
    sourcePort: u16(packet, tcp),
    destination: destinationAddress(packet),
    destinationPort: u16(packet, tcp + 2),
    seq: u32(packet, tcp + 4),
    ack: u32(packet, tcp + 8),
    flags: tcpFlags(packet, tcp),
    payload: packet.length - payloadOffset(packet, tcp),
  };
}
