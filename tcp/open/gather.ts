/**
 * Passes several pieces to one system call without joining them.
 *
 * @module
 */

import { libc } from "../../ffi/libc.ts";
import type { freebsd } from "../../ffi/freebsd.ts";
import type { linux } from "../../ffi/linux.ts";
import { withPinned } from "../../ffi/pin.ts";
import type { platform } from "../../ffi/platform.ts";
import { runtime } from "../../runtimes/mod.ts";

/** Platforms whose system calls gather pieces. */
type Gathering = Extract<typeof platform, { writev: true }>;

/** Runs `call` with the `struct iovec[]` of `pieces`, which are pinned meanwhile. */
export function withGathered<T>(
  { iovec }: Gathering,
  pieces: readonly Uint8Array[],
  call: (iov: Uint8Array, count: number) => T,
): T {
  const iov = new Uint8Array(iovec.size * pieces.length);
  const view = new DataView(iov.buffer);
  return withPinned([iov, pieces], () => {
    for (const [index, piece] of pieces.entries()) {
      view.setBigUint64(index * iovec.size + iovec.base, runtime.addressOf(piece), true);
      view.setBigUint64(index * iovec.size + iovec.len, BigInt(piece.length), true);
    }
    return call(iov, pieces.length);
  });
}

/**
 * Sends `pieces`, to `sockaddr` if the socket is not connecting yet. Returns how many bytes the kernel
 * took, or -1 if it refuses.
 */
export function sendMessage(
  platform: typeof linux | typeof freebsd,
  fd: number,
  sockaddr: Uint8Array | null,
  pieces: readonly Uint8Array[],
  flags: number,
): number {
  const { msghdr } = platform;
  const message = new Uint8Array(msghdr.size);
  const view = new DataView(message.buffer);
  return withPinned(
    sockaddr ? [sockaddr] : [],
    () =>
      withGathered(platform, pieces, (iov, count) => {
        if (sockaddr) {
          view.setBigUint64(msghdr.name, runtime.addressOf(sockaddr), true);
          view.setUint32(msghdr.namelen, sockaddr.length, true);
        }
        view.setBigUint64(msghdr.iov, runtime.addressOf(iov), true);
        // In musl and FreeBSD it is 32 bits wide with padding behind: the same little-endian bytes.
        view.setBigUint64(msghdr.iovlen, BigInt(count), true);
        return Number(libc(platform).call.sendmsg(fd, message, flags));
      }),
  );
}

/** The first `length` bytes of `pieces`. */
export function upTo(length: number, pieces: readonly Uint8Array[]): Uint8Array[] {
  const kept: Uint8Array[] = [];
  let room = length;
  for (const piece of pieces) {
    const part = piece.subarray(0, room);
    if (part.length > 0) kept.push(part);
    room -= part.length;
  }
  return kept;
}
