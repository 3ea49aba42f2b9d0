/**
 * Changes that middleboxes make to TCP packets that they let through. No function changes its
 * argument. Each returns a packet whose lengths and checksums are right.
 *
 * @module
 */

import { fixIpChecksum, fixTcpChecksum } from "./checksum.ts";
import {
  fastOpenOption,
  ipVersion,
  OPTION_MSS,
  OPTION_NOP,
  payloadOffset,
  setU16,
  tcpOffset,
  tcpOptions,
  u16,
} from "./packet.ts";

/** The packet without its payload. */
export function cutPayload(packet: Uint8Array): Uint8Array {
  const cut = packet.slice(0, payloadOffset(packet, tcpOffset(packet)));
  if (ipVersion(cut) === 4) setU16(cut, 2, cut.length);
  else setU16(cut, 4, cut.length - 40);
  fixIpChecksum(cut);
  fixTcpChecksum(cut);
  return cut;
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
