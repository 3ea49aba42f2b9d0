/**
 * Which local network a connection would use.
 *
 * @module
 */

import { type Libc, libc, type SocketPlatform } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform.ts";
import type { Address } from "../name/address.ts";
import { localAddress } from "./descriptor.ts";
import { bindTo, sockaddrOf } from "./socket.ts";

/**
 * The local address that the kernel would use towards `address`; with `from`, that one, if it leads
 * there. Connecting a datagram socket asks the routing table and sends nothing. `undefined` if there is
 * no route or no FFI.
 */
export function sourceAddress(address: Address, from: Address | undefined): Address | undefined {
  if (platform.fastOpen === "none") return undefined;
  try {
    return findSource(platform, libc(platform).call, address, from);
  } catch {
    return undefined; // libc can't be called, or an address has a scope that does not exist.
  }
}

function findSource(
  platform: SocketPlatform,
  call: Libc<SocketPlatform>["call"],
  address: Address,
  from: Address | undefined,
): Address | undefined {
  const { AF_INET, AF_INET6, SOCK_DGRAM } = platform.constants;
  const fd = call.socket(address.family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
  if (fd < 0) return undefined;
  try {
    if (from) bindTo(platform, fd, from);
    const sockaddr = sockaddrOf(platform, address);
    const routed = call.connect(fd, sockaddr, sockaddr.length) === 0;
    return routed ? localAddress(platform, fd) : undefined;
  } finally {
    call.close(fd);
  }
}
