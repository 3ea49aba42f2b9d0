/**
 * Windows: the runtime connects, without Fast Open.
 *
 * Windows has Fast Open (TCP_FASTOPEN with an overlapped ConnectEx that carries a buffer), but no
 * runtime can adopt the SOCKET that results.
 *
 * @module
 */

import { runtime } from "../runtimes/mod.ts";
import type { PlatformTable } from "./table.ts";

/** Where Windows is. */
const root: string = runtime.env("SystemRoot") ?? "C:\\Windows";

export const windows = {
  os: "windows",
  fastOpen: "none",
  writev: false,
  long: 4,
  libc: [`${root}\\System32\\msvcrt.dll`],
  reason: "no JavaScript runtime can adopt a socket that ConnectEx opened",
} as const satisfies PlatformTable;
