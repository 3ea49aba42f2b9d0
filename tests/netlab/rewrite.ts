/**
 * What middleboxes do to TCP packets that they let through. Each function leaves its argument alone
 * and returns a packet whose lengths and checksums are right.
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

/** The headers without the payload. */
export function cutPayload(packet: Uint8Array): Uint8Array {
  const cut = packet.slice(0, payloadOffset(packet, tcpOffset(packet)));
  if (ipVersion(cut) === 4) setU16(cut, 2, cut.length);
  else setU16(cut, 4, cut.length - 40);
  fixIpChecksum(cut);
  fixTcpChecksum(cut);
  return cut;
}

/** The Fast Open option overwritten with no-operations, which keeps every offset as it was. */
export function hideFastOpen(packet: Uint8Array): Uint8Array {
  const option = fastOpenOption(packet, tcpOffset(packet));
  if (!option) return packet;
  const changed = packet.slice();
  changed.fill(OPTION_NOP, option.at, option.at + option.length);
  fixTcpChecksum(changed);
  return changed;
}

/** The maximum segment size brought down to `mss`; smaller ones and missing ones stay. */
export function clampMss(packet: Uint8Array, mss: number): Uint8Array {
  const option = tcpOptions(packet, tcpOffset(packet)).find(({ kind }) => kind === OPTION_MSS);
  if (!option || u16(packet, option.at + 2) <= mss) return packet;
  const changed = packet.slice();
  setU16(changed, option.at + 2, mss);
  fixTcpChecksum(changed);
  return changed;
}
