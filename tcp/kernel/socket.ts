/**
 * The few socket calls made by FFI, on the platforms that have them.
 *
 * @module
 */

import { libc, type SocketPlatform } from "../../ffi/libc.ts";
import { type Address, encodeSockaddr, SOCKADDR_MAX } from "../name/address.ts";

/** A call into the operating system that failed. */
export class SystemCallError extends Error {
  override readonly name = "SystemCallError";
  readonly syscall: string;
  readonly errno: string;
  /** The same as `errno`; the runtimes' errors have this property. */
  readonly code: string;

  constructor(syscall: string, errno: string) {
    super(`${syscall} failed with ${errno}`);
    this.syscall = syscall;
    this.errno = errno;
    this.code = errno;
  }
}

/**
 * The sockaddr of `address`, with its scope resolved to an interface number. `syscall` is what the
 * address is for.
 */
export function sockaddrOf(
  platform: SocketPlatform,
  address: Address,
  syscall = "if_nametoindex",
): Uint8Array {
  const { scope } = address;
  if (scope === undefined) return encodeSockaddr(platform, address, 0);
  if (/^\d+$/.test(scope)) return encodeSockaddr(platform, address, Number(scope));
  const index = libc(platform).call.if_nametoindex(new TextEncoder().encode(`${scope}\0`));
  // The kernel itself gives this error for an unknown interface number.
  if (index === 0) throw new SystemCallError(syscall, "ENODEV");
  return encodeSockaddr(platform, address, index);
}

/**
 * Makes a TCP socket that child processes don't inherit, and that raises no SIGPIPE where an option
 * prevents it. The socket is non-blocking, except on macOS, where adoption makes it non-blocking.
 */
export function tcpSocket(platform: SocketPlatform, family: Address["family"]): number {
  const { call, errno } = libc(platform);
  const { constants } = platform;
  const domain = family === 4 ? constants.AF_INET : constants.AF_INET6;
  const flags = "SOCK_CLOEXEC" in constants ? constants.SOCK_CLOEXEC | constants.SOCK_NONBLOCK : 0;
  const fd = call.socket(domain, constants.SOCK_STREAM | flags, constants.IPPROTO_TCP);
  if (fd < 0) throw new SystemCallError("socket", errno());
  // fcntl(F_SETFD) would do it too, but takes a variadic argument, which no FFI can pass.
  if (platform.fastOpen === "connectx") {
    libc(platform).call.ioctl(fd, BigInt(platform.constants.FIOCLEX));
  }
  if ("SO_NOSIGPIPE" in constants) {
    setOption(platform, fd, constants.SOL_SOCKET, constants.SO_NOSIGPIPE, 1);
  }
  return fd;
}

/**
 * Makes a TCP socket that will connect from `from`, or from where the kernel likes. Throws
 * `SystemCallError` of "bind" when it can't; nothing is left open then.
 */
export function socketFrom(
  platform: SocketPlatform,
  family: Address["family"],
  from: Address | undefined,
): number {
  const fd = tcpSocket(platform, family);
  if (!from) return fd;
  try {
    bindTo(platform, fd, from);
  } catch (error) {
    libc(platform).call.close(fd);
    throw error;
  }
  return fd;
}

/**
 * Binds a socket that will connect. Its port is chosen by `connect` where the kernel can be told so: the
 * same port then serves connections to other destinations, as it does for sockets that are not bound.
 */
export function bindTo(platform: SocketPlatform, fd: number, from: Address): void {
  const { call, errno } = libc(platform);
  const { constants } = platform;
  const sockaddr = sockaddrOf(platform, from, "bind");
  if ("IP_BIND_ADDRESS_NO_PORT" in constants) {
    setOption(platform, fd, constants.IPPROTO_IP, constants.IP_BIND_ADDRESS_NO_PORT, 1);
  }
  if (call.bind(fd, sockaddr, sockaddr.length) !== 0) throw new SystemCallError("bind", errno());
}

/** Whether the three-way handshake is over. Before it, and after a reset, a socket has no peer. */
export function isConnected(platform: SocketPlatform, fd: number): boolean {
  const length = new Uint8Array(new Uint32Array([SOCKADDR_MAX]).buffer);
  return libc(platform).call.getpeername(fd, new Uint8Array(SOCKADDR_MAX), length) === 0;
}

/** Sets an integer socket option; `false` when the kernel refuses. */
export function setOption(
  platform: SocketPlatform,
  fd: number,
  level: number,
  name: number,
  value: number,
): boolean {
  const bytes = new Uint8Array(new Int32Array([value]).buffer);
  return libc(platform).call.setsockopt(fd, level, name, bytes, 4) === 0;
}

/** Reads up to `size` bytes of a socket option; `undefined` if the kernel gives none. */
export function getOption(
  platform: SocketPlatform,
  fd: number,
  level: number,
  name: number,
  size: number,
): DataView | undefined {
  const value = new Uint8Array(size);
  const length = new Uint8Array(new Uint32Array([size]).buffer);
  if (libc(platform).call.getsockopt(fd, level, name, value, length) !== 0) return undefined;
  const came = new DataView(length.buffer).getUint32(0, true);
  return came === 0 ? undefined : new DataView(value.buffer, 0, came);
}
