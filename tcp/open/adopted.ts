/**
 * Connections that FFI has opened and the runtime's event loop takes over.
 *
 * @module
 */

import type { SocketPlatform } from "../../ffi/libc.ts";
import { localAddress } from "../descriptor.ts";
import type { FastOpenResult } from "../outcome.ts";
import { isConnected, setOption } from "../socket.ts";
import { Wire } from "../wire.ts";
import type { Opened } from "./mod.ts";
import { lengthOf, type OpenRequest } from "./request.ts";

/** A socket that a mechanism has connected, or is connecting. */
export interface Connecting extends Pick<Opened, "sent" | "synBytes" | "asked"> {
  readonly fd: number;
  /** What the kernel tells of the connection, once it stands. */
  account(): Omit<FastOpenResult, "synBytes" | "flightBytes">;
}

/** Hands `connecting` to the runtime. */
export function adopted(
  platform: SocketPlatform,
  { flight }: OpenRequest,
  { fd, sent, synBytes, asked, account }: Connecting,
): Opened {
  const { IPPROTO_TCP, TCP_NODELAY } = platform.constants;
  setOption(platform, fd, IPPROTO_TCP, TCP_NODELAY, 1);
  const wire = Wire.adopt(platform, fd);
  return {
    wire,
    sent,
    synBytes,
    asked,
    // Once the wire is destroyed the number may be somebody else's.
    established: () => !wire.socket.destroyed && isConnected(platform, fd),
    fastOpen: () => ({ ...account(), synBytes, flightBytes: lengthOf(flight) }),
    localAddress: () => localAddress(platform, fd),
  };
}

/** Milliseconds between two looks. */
const LOOK = { first: 1, longest: 10 };

/**
 * Holds back what is written to `opened` until the handshake is over. The kernels of BSD's family take
 * nothing in between: ENOTCONN.
 */
export function holdUntilEstablished({ wire: { socket }, established }: Opened): void {
  socket.cork();
  const look = (delay: number) => {
    if (established()) return socket.uncork();
    if (!socket.destroyed) setTimeout(look, delay, Math.min(delay * 2, LOOK.longest));
  };
  look(LOOK.first);
}
