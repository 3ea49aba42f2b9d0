/**
 * Whether there are descriptors left, and who waits for one.
 *
 * @module
 */

import { libc, type SocketPlatform } from "../../ffi/libc.ts";
import { requireBytes, tcpInfo } from "./tcp_info.ts";

/** Why no descriptor can be had, by the error's C name; `undefined` if one can. */
export function descriptorShortage(platform: SocketPlatform): string | undefined {
  const { call, errno } = libc(platform);
  const { AF_INET, SOCK_DGRAM } = platform.constants;
  const fd = call.socket(AF_INET, SOCK_DGRAM, 0);
  if (fd >= 0) {
    call.close(fd);
    return undefined;
  }
  const name = errno();
  return name === "EMFILE" || name === "ENFILE" ? name : undefined;
}

/** How many connections the listening socket `fd` has that nobody has accepted, where Linux tells. */
export function waitingConnections(platform: SocketPlatform, fd: number): number {
  if (platform.fastOpen !== "sendmsg") return 0;
  const { unacked } = platform.tcpInfo; // Of a listening socket it is the length of its queue.
  return requireBytes(tcpInfo(platform, fd), unacked + 4)?.getUint32(unacked, true) ?? 0;
}
