/**
 * Linux's TCP_INFO: the kernel's own account of a connection.
 *
 * @module
 */

import type { linux } from "../ffi/linux.ts";
import { getOption } from "./socket.ts";

/** tcpi_options: segments carry timestamps. */
export const TCPI_OPT_TIMESTAMPS = 0x01;

/** tcpi_options: data in the SYN was acknowledged. */
export const TCPI_OPT_SYN_DATA = 0x20;

/** `struct tcp_info` of a socket; `undefined` once it is closed. */
export function tcpInfo(platform: typeof linux, fd: number): DataView | undefined {
  const { IPPROTO_TCP, TCP_INFO } = platform.constants;
  return getOption(platform, fd, IPPROTO_TCP, TCP_INFO, platform.tcpInfo.size);
}
