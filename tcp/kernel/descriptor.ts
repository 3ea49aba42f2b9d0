/**
 * The descriptors of sockets that a runtime made.
 *
 * @module
 */

import { libc, type SocketPlatform } from "../../ffi/libc.ts";
import { runtime } from "../../runtimes/mod.ts";
import { type Address, decodeSockaddr, SOCKADDR_MAX } from "../name/address.ts";
import { getOption } from "./socket.ts";

/**
 * Descriptors are handed out lowest first, so that a gap of closed ones may be as wide as the number of
 * files that were closed since. After one so wide none is expected to follow.
 */
const LONGEST_GAP = 4096;

/** No process has more descriptors; the search ends there whatever the kernel says. */
const MOST_DESCRIPTORS = 1 << 20;

/** The address `fd` is bound to. */
export function localAddress(platform: SocketPlatform, fd: number): Address | undefined {
  const bytes = new Uint8Array(SOCKADDR_MAX);
  const length = new Uint8Array(new Uint32Array([bytes.length]).buffer);
  if (libc(platform).call.getsockname(fd, bytes, length) !== 0) return undefined;
  return decodeSockaddr(platform, bytes);
}

/** The URL parser's spelling of an IPv6 address, without a scope. */
function canonical(ip: string): string {
  return ip.includes(":") ? new URL(`http://[${ip.split("%", 1)[0]}]`).hostname : ip;
}

/** The descriptors of this process that are sockets, lowest first. */
function* findSockets(platform: SocketPlatform): Generator<number> {
  const { SOL_SOCKET, SO_ACCEPTCONN } = platform.constants;
  const { errno } = libc(platform);
  for (let fd = 0, gap = 0; gap < LONGEST_GAP && fd < MOST_DESCRIPTORS; fd++) {
    if (getOption(platform, fd, SOL_SOCKET, SO_ACCEPTCONN, 4)) {
      gap = 0;
      yield fd;
    } else {
      gap = errno() === "EBADF" ? gap + 1 : 0; // An open file is none of the gap.
    }
  }
}

/** Whether `fd` is a socket that listens on `port`, bound to `ip` where one is given. */
export function isListening(
  platform: SocketPlatform,
  fd: number,
  port: number,
  ip?: string,
): boolean {
  const { SOL_SOCKET, SO_ACCEPTCONN } = platform.constants;
  const listening = getOption(platform, fd, SOL_SOCKET, SO_ACCEPTCONN, 4)?.getInt32(0, true);
  const address = listening ? localAddress(platform, fd) : undefined;
  if (address?.port !== port) return false;
  return ip === undefined || canonical(address.ip) === canonical(ip);
}

/** The listening sockets of this process on `port`, bound to `ip` where one is given. */
export function findListening(platform: SocketPlatform, port: number, ip?: string): number[] {
  return [...findSockets(platform)].filter((fd) => isListening(platform, fd, port, ip));
}

/** Calls `use` with the descriptor of `socket`; `undefined` where the runtime does not tell it. */
export function withDescriptor<T>(
  platform: SocketPlatform,
  socket: object,
  use: (fd: number) => T,
): T | undefined {
  const descriptor = runtime.descriptorOf(socket);
  if (!descriptor) return undefined;
  try {
    return use(descriptor.fd);
  } finally {
    if (descriptor.duplicate) libc(platform).call.close(descriptor.fd);
  }
}
