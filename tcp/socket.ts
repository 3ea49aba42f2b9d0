/**
 * The few socket calls made by FFI, on the platforms that have them.
 *
 * @module
 */

import { libc, type SocketPlatform } from "../ffi/libc.ts";
import { type Address, encodeSockaddr } from "./address.ts";

/** A call into the operating system that failed. */
export class SystemCallError extends Error {
  override readonly name = "SystemCallError";
  readonly syscall: string;
  readonly errno: string;

  constructor(syscall: string, errno: string) {
    super(`${syscall} failed with ${errno}`);
    this.syscall = syscall;
    this.errno = errno;
  }
}

/** The sockaddr of `address`, its scope resolved to an interface number. */
export function sockaddrOf(platform: SocketPlatform, address: Address): Uint8Array {
  const { scope } = address;
  if (scope === undefined) return encodeSockaddr(platform, address, 0);
  if (/^\d+$/.test(scope)) return encodeSockaddr(platform, address, Number(scope));
  const index = libc(platform).call.if_nametoindex(new TextEncoder().encode(`${scope}\0`));
  // The kernel's own answer to an unknown interface number.
  if (index === 0) throw new SystemCallError("if_nametoindex", "ENODEV");
  return encodeSockaddr(platform, address, index);
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

/** Reads a socket option of up to `size` bytes; `undefined` when the kernel refuses. */
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
  return new DataView(value.buffer);
}
