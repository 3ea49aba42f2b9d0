/**
 * Reads from a socket directly, not through the runtime that has adopted it.
 *
 * @module
 */

import { libc, type SocketPlatform } from "../../ffi/libc.ts";
import { SystemCallError } from "./socket.ts";

/** Bytes read at once. It is large: the work per read costs more than the cache misses. */
const SIZE = 256 * 1024;

let buffer: Uint8Array | undefined;

/**
 * The bytes that have arrived at `fd`, in a buffer that the next call reuses; `undefined` if there
 * are none. At the end of data this is `undefined`, too: the runtime reports the end.
 */
export function receiveNow(platform: SocketPlatform, fd: number): Uint8Array | undefined {
  const { call, errno } = libc(platform);
  buffer ??= new Uint8Array(SIZE);
  const { MSG_DONTWAIT } = platform.constants;
  const count = Number(call.recv(fd, buffer, BigInt(SIZE), MSG_DONTWAIT));
  if (count > 0) return buffer.subarray(0, count);
  if (count === 0) return undefined;
  const code = errno();
  if (code === "EAGAIN") return undefined;
  throw new SystemCallError("recv", code);
}
