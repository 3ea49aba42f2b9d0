/**
 * What the kernel tells of a connection: by TCP_INFO, or by what a platform has in its place.
 *
 * @module
 */

import type { darwin } from "../../ffi/darwin.ts";
import type { freebsd } from "../../ffi/freebsd.ts";
import type { linux } from "../../ffi/linux.ts";
import type { FastOpenResult } from "../outcome.ts";
import { getOption } from "./socket.ts";

/** Bytes that Linux reserves in a SYN for TCP options. */
export const SYN_OPTIONS = 40;

/** Bytes of TCP's timestamp option. */
const TIMESTAMPS = 12;

/** The result where the kernel does not tell how Fast Open ended. */
export const OUTCOME_UNKNOWN: Pick<FastOpenResult, "outcome" | "reason"> = {
  outcome: "unsupported",
  reason: "the kernel does not tell what happened",
};

/** `struct tcp_info` of a socket, as much as the kernel tells; `undefined` once it is closed. */
export function tcpInfo(
  platform: typeof linux | typeof freebsd,
  fd: number,
): DataView | undefined {
  const { IPPROTO_TCP, TCP_INFO } = platform.constants;
  const info = getOption(platform, fd, IPPROTO_TCP, TCP_INFO, platform.tcpInfo.size);
  // Linux has no state 0: a sandbox has said that all is well and filled in nothing.
  const isBlank = platform.fastOpen === "sendmsg" && info?.getUint8(platform.tcpInfo.state) === 0;
  return isBlank ? undefined : info;
}

/** `struct tcp_connection_info` of a socket, likewise. */
export function tcpConnectionInfo(platform: typeof darwin, fd: number): DataView | undefined {
  const { IPPROTO_TCP, TCP_CONNECTION_INFO } = platform.constants;
  return getOption(platform, fd, IPPROTO_TCP, TCP_CONNECTION_INFO, platform.tcpConnectionInfo.size);
}

/** Returns `info` if it has so many bytes. Emulated kernels may give only the first few. */
export function requireBytes(info: DataView | undefined, bytes: number): DataView | undefined {
  return info && info.byteLength >= bytes ? info : undefined;
}

/** The value of a bit field of `info`. */
export function bitsOf(info: DataView, { byte, mask }: { byte: number; mask: number }): number {
  const lowest = mask & -mask;
  return (info.getUint8(byte) & mask) / lowest;
}

/**
 * The measures of a path.
 *
 * @param rtt milliseconds
 * @param segment bytes of data that a segment carries
 * @param timestamps whether the timestamp option takes room in a segment
 */
export function pathMeasures(
  rtt: number,
  segment: number,
  timestamps: boolean,
): Pick<FastOpenResult, "rtt" | "synRoom"> {
  // The next SYN has room for a segment as negotiated, without the bytes reserved for options.
  const synRoom = segment + (timestamps ? TIMESTAMPS : 0) - SYN_OPTIONS;
  return { ...(rtt > 0 ? { rtt } : {}), ...(synRoom > 0 ? { synRoom } : {}) };
}
