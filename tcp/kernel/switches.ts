/**
 * Whether the kernel's settings allow Fast Open.
 *
 * @module
 */

import { libc, type SocketPlatform } from "../../ffi/libc.ts";
import type { darwin } from "../../ffi/darwin.ts";
import type { freebsd } from "../../ffi/freebsd.ts";
import type { linux } from "../../ffi/linux.ts";
import { pathOfSetting, readSetting } from "./proc.ts";
import { setOption, tcpSocket } from "./socket.ts";

/** The setting of one side, client or server. */
export interface Switch {
  /** `undefined` if the setting can't be read. */
  readonly on: boolean | undefined;
  /** What is wrong if `on` is not `true`, and what to do. */
  readonly reason: string;
}

/** Whether connections may carry data in their SYN. */
export function clientSwitch(platform: SocketPlatform): Switch {
  switch (platform.fastOpen) {
    case "sendmsg":
      return linuxSwitch(mayConnect(platform));
    case "connectx":
      return darwinSwitch(platform, DARWIN.client);
    case "sendto":
      return freebsdSwitch(platform, "net.inet.tcp.fastopen.client_enable");
  }
}

/** Whether listeners may take data from a SYN. */
export function serverSwitch(platform: SocketPlatform): Switch {
  switch (platform.fastOpen) {
    case "sendmsg": {
      const bits = readSetting(LINUX.name);
      return linuxSwitch(bits === undefined ? undefined : (bits & LINUX.server) !== 0);
    }
    case "connectx":
      return darwinSwitch(platform, DARWIN.server);
    case "sendto":
      return freebsdSwitch(platform, "net.inet.tcp.fastopen.server_enable");
  }
}

/** Linux's net.ipv4.tcp_fastopen and macOS's net.inet.tcp.fastopen have different bits. */
const LINUX = { server: 2, name: "net.ipv4.tcp_fastopen" };
const DARWIN = { server: 1, client: 2, name: "net.inet.tcp.fastopen" };

function linuxSwitch(on: boolean | undefined): Switch {
  const reason = on === undefined
    ? `${LINUX.name} can't be read; let this process read ${pathOfSetting(LINUX.name)}`
    : "switched off in the kernel; sysctl -w net.ipv4.tcp_fastopen=3 turns it on";
  return { on, reason };
}

/** Linux refuses TCP_FASTOPEN_CONNECT exactly when the client's bit is clear. */
function mayConnect(platform: typeof linux): boolean {
  const { IPPROTO_TCP, TCP_FASTOPEN_CONNECT } = platform.constants;
  const fd = tcpSocket(platform, 4);
  const allowed = setOption(platform, fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
  libc(platform).call.close(fd);
  return allowed;
}

function darwinSwitch(platform: typeof darwin, bit: number): Switch {
  const bits = readSysctl(platform, DARWIN.name);
  return makeSwitch(DARWIN.name, bits === undefined ? undefined : (bits & bit) !== 0, 3);
}

function freebsdSwitch(platform: typeof freebsd, name: string): Switch {
  const value = readSysctl(platform, name);
  return makeSwitch(name, value === undefined ? undefined : value !== 0, 1);
}

function makeSwitch(name: string, on: boolean | undefined, value: number): Switch {
  const reason = on === undefined
    ? `this kernel does not know ${name}`
    : `switched off in the kernel; sysctl ${name}=${value} turns it on`;
  return { on, reason };
}

/** An integer setting of a BSD or macOS kernel; `undefined` if the kernel does not know it. */
function readSysctl(platform: typeof darwin | typeof freebsd, name: string): number | undefined {
  const value = new Int32Array(1);
  const length = new Uint8Array(new BigUint64Array([4n]).buffer);
  const path = new TextEncoder().encode(`${name}\0`);
  const { sysctlbyname } = libc(platform).call;
  const found = sysctlbyname(path, new Uint8Array(value.buffer), length, null, 0n) === 0;
  return found ? value[0] : undefined;
}
