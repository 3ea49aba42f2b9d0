/**
 * Which local network a connection would use.
 *
 * @module
 */

import { type Libc, libc, type SocketPlatform } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform.ts";
import type { Address } from "../name/address.ts";
import { localAddress } from "./descriptor.ts";
import { sockaddrOf } from "./socket.ts";

/**
 * The local address that the kernel would use towards `address`. Connecting a datagram socket asks
 * the routing table and sends nothing. `undefined` if there is no route or no FFI.
 */
export function sourceAddress(address: Address): Address | undefined {
  if (platform.fastOpen === "none") return undefined;
  try {
    return findSource(platform, libc(platform).call, address);
  } catch {
    return undefined; // libc can't be called, or the address has a scope that does not exist.
  }
}

function findSource(
  platform: SocketPlatform,
  call: Libc<SocketPlatform>["call"],
  address: Address,
): Address | undefined {
  const { AF_INET, AF_INET6, SOCK_DGRAM } = platform.constants;
  const fd = call.socket(address.family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
  if (fd < 0) return undefined;
  try {
    const sockaddr = sockaddrOf(platform, address);
    const routed = call.connect(fd, sockaddr, sockaddr.length) === 0;
    return routed ? localAddress(platform, fd) : undefined;
  } finally {
    call.close(fd);
  }
}
