/**
 * The shape of a platform's table.
 *
 * A platform's type has no members for what the platform lacks: `connectx` on Linux or `sendmsg` on
 * Windows is a compile error.
 *
 * @module
 */

import type { NativeTable } from "../runtimes/mod.ts";

/** The declarations of every platform whose sockets are opened by FFI. */
interface SocketTable {
  readonly os: string;
  readonly writev: boolean;
  /** Bytes of C's `long`. */
  readonly long: 4 | 8;
  /** Socket constants by their C names. */
  readonly constants: Readonly<Record<string, number>>;
  /** C names of the error numbers that are distinguished here. */
  readonly errno: Readonly<Record<number, string>>;
  /** BSD's sockaddr begins with its length; Linux's and Windows' with a 16-bit family. */
  readonly sockaddr: { readonly family: "u16" | "u8 after length" };
  readonly symbols: NativeTable;
  /** The function that returns the address of this thread's errno. */
  readonly errnoSymbol: string;
}

/** The size of a C struct and its fields' byte offsets; field names lack their common prefix. */
type Layout = Readonly<Record<string, number>> & { readonly size: number };

/** Bit fields of a C struct: the byte that holds the field, and the mask of its bits. */
type Bits = Readonly<Record<string, { readonly byte: number; readonly mask: number }>>;

/** Linux, Android: `setsockopt(TCP_FASTOPEN_CONNECT)`, `connect`, then `sendmsg`. */
interface SendmsgTable extends SocketTable {
  readonly fastOpen: "sendmsg";
  readonly writev: true;
  readonly msghdr: Layout;
  readonly iovec: Layout;
  readonly tcpInfo: Layout;
  readonly tcpInfoBits: Bits;
}

/** macOS: `connectx` with an iovec. */
interface ConnectxTable extends SocketTable {
  readonly fastOpen: "connectx";
  readonly writev: true;
  readonly iovec: Layout;
  readonly saEndpoints: Layout;
  readonly timeval: Layout;
  readonly tcpConnectionInfo: Layout;
  readonly tcpConnectionInfoBits: Bits;
}

/** FreeBSD: `setsockopt(TCP_FASTOPEN)`, then an addressed send. */
interface SendtoTable extends SocketTable {
  readonly fastOpen: "sendto";
  readonly writev: true;
  readonly msghdr: Layout;
  readonly iovec: Layout;
  readonly tcpInfo: Layout;
}

/** Windows and anything else: the runtime connects. */
interface PlainTable {
  readonly os: string;
  readonly fastOpen: "none";
  readonly writev: false;
  /** Bytes of C's `long`. */
  readonly long: 4 | 8;
  /** Why there is no Fast Open, in words. */
  readonly reason: string;
}

/** The shape a platform file must have. */
export type PlatformTable = SendmsgTable | ConnectxTable | SendtoTable | PlainTable;
