/**
 * Windows: the runtime connects, without Fast Open.
 *
 * Windows has Fast Open (TCP_FASTOPEN with an overlapped ConnectEx that carries a buffer), but no
 * runtime can adopt the SOCKET that results.
 *
 * @module
 */

import type { PlatformTable } from "./table.ts";

export const windows = {
  os: "windows",
  fastOpen: "none",
  writev: false,
  long: 4,
  reason: "no JavaScript runtime can adopt a socket that ConnectEx opened",
} as const satisfies PlatformTable;
