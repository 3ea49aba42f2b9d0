/**
 * Which network a connection would leave from.
 *
 * @module
 */

import { libc, type SocketPlatform } from "../ffi/libc.ts";
import { platform } from "../ffi/platform.ts";
import type { Address } from "./address.ts";
import { localAddress } from "./descriptor.ts";
import { sockaddrOf, SystemCallError } from "./socket.ts";

/**
 * The local address that the kernel would use towards `address`. Connecting a datagram socket asks the
 * routing table and sends nothing. `undefined` where there is no route, or no FFI.
 */
export function sourceAddress(address: Address): Address | undefined {
  if (platform.fastOpen === "none") return undefined;
  return routed(platform, address);
}

function routed(platform: SocketPlatform, address: Address): Address | undefined {
  const { AF_INET, AF_INET6, SOCK_DGRAM } = platform.constants;
  const { call } = libc(platform);
  const fd = call.socket(address.family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
  if (fd < 0) return undefined;
  try {
    const sockaddr = sockaddrOf(platform, address);
    const routed = call.connect(fd, sockaddr, sockaddr.length) === 0;
    return routed ? localAddress(platform, fd) : undefined;
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    return undefined; // The attempt itself will say so.
  } finally {
    call.close(fd);
  }
}
