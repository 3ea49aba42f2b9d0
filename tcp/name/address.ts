/**
 * Addresses: their text form, and `struct sockaddr` as the platform lays it out.
 *
 * @module
 */

import { isIP } from "node:net";
import type { SocketPlatform } from "../../ffi/libc.ts";
import { sockaddrIn, sockaddrIn6 } from "../../ffi/sockaddr.ts";

/** One endpoint of TCP. */
export interface Address {
  /** Without brackets and without scope: `192.0.2.1`, `fe80::1`. */
  readonly ip: string;
  readonly family: 4 | 6;
  readonly port: number;
  /** The interface of a link-local IPv6 address, as a name or a number: `eth0`, `2`. */
  readonly scope?: string;
}

/** Names of interfaces, and their numbers. */
const SCOPE = /^[\w.:-]+$/;

/** Reads an IP address with an optional `%scope`; `undefined` when `text` is a name. */
export function parseAddress(text: string, port: number): Address | undefined {
  const [ip = "", scope, more] = text.split("%", 3);
  const family = isIP(ip);
  if (family !== 4 && family !== 6) return undefined;
  if (scope === undefined) return { ip, family, port };
  const isScoped = family === 6 && more === undefined && SCOPE.test(scope);
  return isScoped ? { ip, family, port, scope } : undefined;
}

/** `192.0.2.1`, `fe80::1%eth0`: the address without its port. */
export function formatAddress(address: Address): string {
  return address.scope === undefined ? address.ip : `${address.ip}%${address.scope}`;
}

/** The bytes of an address, most significant first. */
export function bytesOfIp(address: Address): Uint8Array {
  if (address.family === 4) return Uint8Array.from(address.ip.split("."), Number);
  // The URL parser turns any spelling of IPv6 into hexadecimal groups and at most one "::".
  const groups = new URL(`http://[${address.ip}]`).hostname.slice(1, -1).split("::")
    .map((half) => half === "" ? [] : half.split(":"));
  const [head = [], tail = []] = groups;
  const gap = Array<string>(8 - head.length - tail.length).fill("0");
  const view = new DataView(new ArrayBuffer(16));
  for (const [index, group] of [...head, ...gap, ...tail].entries()) {
    view.setUint16(index * 2, Number.parseInt(group, 16));
  }
  return new Uint8Array(view.buffer);
}

function ipOfBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(index * 2).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

/** The usual number of address bits that identify a network: an IPv4 subnet, an IPv6 link. */
const PREFIX = { 4: 24, 6: 64 };

/** The network of an address: `192.0.2.0/24`, `2001:db8::/64`. */
export function networkOf(address: Address): string {
  const bits = PREFIX[address.family];
  return `${ipOfBytes(bytesOfIp(address).fill(0, bits / 8))}/${bits}`;
}

/** Bytes that are enough for any TCP address. */
export const SOCKADDR_MAX: number = sockaddrIn6.size;

/** `struct sockaddr_in` or `sockaddr_in6`; `scope` is the interface's number. */
export function encodeSockaddr(
  platform: Pick<SocketPlatform, "constants" | "sockaddr">,
  address: Address,
  scope: number,
): Uint8Array {
  const layout = address.family === 4 ? sockaddrIn : sockaddrIn6;
  const bytes = new Uint8Array(layout.size);
  const view = new DataView(bytes.buffer);
  const family = address.family === 4 ? platform.constants.AF_INET : platform.constants.AF_INET6;
  if (platform.sockaddr.family === "u16") {
    view.setUint16(0, family, true);
  } else {
    view.setUint8(0, layout.size);
    view.setUint8(1, family);
  }
  view.setUint16(layout.port, address.port);
  bytes.set(bytesOfIp(address), layout.addr);
  if (address.family === 6) view.setUint32(sockaddrIn6.scopeId, scope, true);
  return bytes;
}

/** The address in a `struct sockaddr`; `undefined` for an address family that TCP does not use. */
export function decodeSockaddr(
  platform: Pick<SocketPlatform, "constants" | "sockaddr">,
  bytes: Uint8Array,
): Address | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const family = platform.sockaddr.family === "u16" ? view.getUint16(0, true) : view.getUint8(1);
  const port = view.getUint16(sockaddrIn.port);
  const ipAt = (at: number, length: number) => ipOfBytes(bytes.subarray(at, at + length));
  if (family === platform.constants.AF_INET) {
    return { ip: ipAt(sockaddrIn.addr, 4), family: 4, port };
  }
  if (family !== platform.constants.AF_INET6) return undefined;
  const address = { ip: ipAt(sockaddrIn6.addr, 16), family: 6, port } as const;
  const scope = view.getUint32(sockaddrIn6.scopeId, true);
  return scope === 0 ? address : { ...address, scope: String(scope) };
}
