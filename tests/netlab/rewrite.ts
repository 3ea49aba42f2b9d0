/**
 * Changes that middleboxes make to TCP packets that they let through. No function changes its
 * argument. Each returns a packet whose lengths and checksums are right.
 *
 * @module
 */

import { fixIpChecksum, fixTcpChecksum } from "./checksum.ts";
import {
  ACK,
  fastOpenOption,
  FIN,
  ipVersion,
  OPTION_MSS,
  OPTION_NOP,
  payloadOffset,
  RST,
  setU16,
  tcpOffset,
  tcpOptions,
  u16,
  u8,
} from "./packet.ts";

/** The packet without its payload behind the first `kept` bytes, and without a FIN behind that. */
export function cutPayload(packet: Uint8Array, kept = 0): Uint8Array {
  const tcp = tcpOffset(packet);
  const cut = packet.slice(0, payloadOffset(packet, tcp) + kept);
  cut[tcp + 13] = u8(cut, tcp + 13) & ~FIN;
  if (ipVersion(cut) === 4) setU16(cut, 2, cut.length);
  else setU16(cut, 4, cut.length - 40);
  fixIpChecksum(cut);
  fixTcpChecksum(cut);
  return cut;
}

/** The packet as a reset by its sender. */
export function turnIntoReset(packet: Uint8Array): Uint8Array {
  const reset = cutPayload(packet);
  reset[tcpOffset(reset) + 13] = RST | ACK;
  fixTcpChecksum(reset);
  return reset;
}

/** Overwrites the Fast Open option with no-operations, which keeps every offset as it was. */
export function hideFastOpen(packet: Uint8Array): Uint8Array {
  const option = fastOpenOption(packet, tcpOffset(packet));
  if (!option) return packet;
  const changed = packet.slice();
  changed.fill(OPTION_NOP, option.at, option.at + option.length);
  fixTcpChecksum(changed);
  return changed;
}

/** Lowers the maximum segment size to `mss`. A smaller one, or a missing one, stays. */
export function clampMss(packet: Uint8Array, mss: number): Uint8Array {
  const option = tcpOptions(packet, tcpOffset(packet)).find(({ kind }) => kind === OPTION_MSS);
  if (!option || u16(packet, option.at + 2) <= mss) return packet;
  const changed = packet.slice();
  setU16(changed, option.at + 2, mss);
  fixTcpChecksum(changed);
  return changed;
}
