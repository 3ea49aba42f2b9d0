/**
 * The kernel's own account of a connection: TCP_INFO, or what a platform has in its place.
 *
 * @module
 */

import type { darwin } from "../../ffi/darwin.ts";
import type { freebsd } from "../../ffi/freebsd.ts";
import type { linux } from "../../ffi/linux.ts";
import type { FastOpenResult } from "../outcome.ts";
import { getOption } from "./socket.ts";

/** Bytes that Linux sets aside in a SYN for the options of TCP. */
export const SYN_OPTIONS = 40;

/** Bytes of TCP's timestamp option. */
const TIMESTAMPS = 12;

/** What is said of Fast Open where the kernel does not say what became of it. */
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
  return getOption(platform, fd, IPPROTO_TCP, TCP_INFO, platform.tcpInfo.size);
}

/** `struct tcp_connection_info` of a socket, likewise. */
export function tcpConnectionInfo(platform: typeof darwin, fd: number): DataView | undefined {
  const { IPPROTO_TCP, TCP_CONNECTION_INFO } = platform.constants;
  return getOption(platform, fd, IPPROTO_TCP, TCP_CONNECTION_INFO, platform.tcpConnectionInfo.size);
}

/** `info` where it has so many bytes: emulated kernels may hand out the first few alone. */
export function requireBytes(info: DataView | undefined, bytes: number): DataView | undefined {
  return info && info.byteLength >= bytes ? info : undefined;
}

/** A bit field of `info`. */
export function bitsOf(info: DataView, { byte, mask }: { byte: number; mask: number }): number {
  const lowest = mask & -mask;
  return (info.getUint8(byte) & mask) / lowest;
}

/**
 * What a path was measured to be.
 *
 * @param rtt milliseconds
 * @param segment bytes of data that a segment carries
 * @param timestamps whether timestamps took some of it
 */
export function pathMeasures(
  rtt: number,
  segment: number,
  timestamps: boolean,
): Pick<FastOpenResult, "rtt" | "synRoom"> {
  // The next SYN has room for a segment as it was negotiated, less all that a SYN's options may take.
  const synRoom = segment + (timestamps ? TIMESTAMPS : 0) - SYN_OPTIONS;
  return { ...(rtt > 0 ? { rtt } : {}), ...(synRoom > 0 ? { synRoom } : {}) };
}
