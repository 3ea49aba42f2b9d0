/**
 * Reading from a socket past the runtime that has adopted it.
 *
 * @module
 */

import { libc, type SocketPlatform } from "../../ffi/libc.ts";
import { SystemCallError } from "./socket.ts";

/** Bytes read at once. Large, because what runs for each read costs more than the caches it spills. */
const SIZE = 256 * 1024;

let buffer: Uint8Array | undefined;

/**
 * What has arrived at `fd`, in a buffer that is used again by the next call; `undefined` where nothing
 * has. The end is left to the runtime, which finds it too.
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
