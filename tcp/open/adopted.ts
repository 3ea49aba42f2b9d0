/**
 * Hands connections that FFI has opened to the runtime's event loop.
 *
 * @module
 */

import type { SocketPlatform } from "../../ffi/libc.ts";
import { localAddress } from "../kernel/descriptor.ts";
import { isConnected, setOption } from "../kernel/socket.ts";
import { pollEstablished } from "./established.ts";
import { lengthOf, type Opened, type OpenRequest } from "./request.ts";
import type { FastOpenResult } from "../outcome.ts";
import { Wire } from "../wire/wire.ts";

/** A socket that a mechanism has connected, or is connecting. */
export interface Connecting extends Pick<Opened, "sent" | "synBytes" | "usesFastOpen"> {
  readonly fd: number;
  /** What the kernel tells of the connection, once established. */
  account(): Omit<FastOpenResult, "synBytes" | "flightBytes">;
  /** Whether the peer has acknowledged all that was sent; missing if the kernel does not tell. */
  delivered?(): boolean | undefined;
}

/** Hands `connecting` to the runtime. */
export function adoptOpened(
  platform: SocketPlatform,
  { flight }: OpenRequest,
  { fd, sent, synBytes, usesFastOpen, account, delivered }: Connecting,
): Opened {
  const { IPPROTO_TCP, TCP_NODELAY } = platform.constants;
  setOption(platform, fd, IPPROTO_TCP, TCP_NODELAY, 1);
  const wire = Wire.adopt(platform, fd);
  return {
    wire,
    sent,
    synBytes,
    usesFastOpen,
    // Once the wire is destroyed, the number may belong to another socket.
    established: () => !wire.socket.destroyed && isConnected(platform, fd),
    delivered: () => wire.socket.destroyed ? undefined : delivered?.(),
    fastOpen: () => ({ ...account(), synBytes, flightBytes: lengthOf(flight) }),
    localAddress: () => localAddress(platform, fd),
  };
}

/**
 * Holds back what is written to `opened` until the handshake is over. Until then, the kernels of
 * macOS and FreeBSD refuse further writes with ENOTCONN.
 */
export function holdUntilEstablished(opened: Opened): void {
  const { socket } = opened.wire;
  socket.cork();
  pollEstablished(opened, () => socket.uncork());
}
