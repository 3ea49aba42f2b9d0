/**
 * What a platform lacks does not exist in its type. Compiled, never run: each `@ts-expect-error` is
 * an error of its own as soon as the line below it compiles.
 */

import type { darwin } from "../../ffi/darwin.ts";
import type { freebsd } from "../../ffi/freebsd.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { linux } from "../../ffi/linux.ts";
import { platform } from "../../ffi/platform.ts";
import type { windows } from "../../ffi/windows.ts";

type Linux = typeof linux;
type Darwin = typeof darwin;
type Freebsd = typeof freebsd;
type Windows = typeof windows;

/** Each platform opens its sockets with the call it has. */
export function mechanisms(onLinux: Libc<Linux>, onDarwin: Libc<Darwin>, onFreebsd: Libc<Freebsd>) {
  const bytes = new Uint8Array();
  onLinux.call.sendmsg(3, bytes, 0) satisfies bigint;
  onFreebsd.call.sendmsg(3, bytes, 0) satisfies bigint;
  onDarwin.call.connectx(3, bytes, 0, 0, bytes, 1, bytes, null) satisfies number;
  // @ts-expect-error: Linux has no connectx
  onLinux.call.connectx;
  // @ts-expect-error: nor has FreeBSD
  onFreebsd.call.connectx;
  // @ts-expect-error: macOS has sendmsg, but it opens nothing there
  onDarwin.call.sendmsg;
}

/** A C function takes and returns what its declaration says. */
export function signatures({ call }: Libc<Linux>) {
  // @ts-expect-error: a descriptor is a number
  call.close("3");
  // @ts-expect-error: setsockopt takes five arguments
  call.setsockopt(3, 6, 23, new Uint8Array(4));
  // @ts-expect-error: ssize_t is 64 bits wide
  call.sendmsg(3, new Uint8Array(), 0) satisfies number;
}

/** Windows opens no sockets by FFI: it has neither symbols nor constants, and no libc to bind. */
export function plain(onWindows: Windows) {
  onWindows.reason satisfies string;
  // @ts-expect-error: there is no table of C functions
  onWindows.symbols.sendmsg;
  // @ts-expect-error: nor of constants
  onWindows.constants.TCP_FASTOPEN;
  // @ts-expect-error: nor a libc to bind
  return undefined as unknown as Libc<Windows>;
}

/** Constants and layouts are a platform's own. */
export function constants(onLinux: Linux, onDarwin: Darwin, onFreebsd: Freebsd) {
  onLinux.constants.MSG_FASTOPEN satisfies 0x20000000;
  // @ts-expect-error: macOS has no MSG_FASTOPEN
  onDarwin.constants.MSG_FASTOPEN;
  // @ts-expect-error: nor has FreeBSD
  onFreebsd.constants.MSG_FASTOPEN;
  // @ts-expect-error: macOS has no SOCK_NONBLOCK
  onDarwin.constants.SOCK_NONBLOCK;
  // @ts-expect-error: connectx's endpoints are macOS's
  onLinux.saEndpoints;
  // @ts-expect-error: the layout of Linux's tcp_info is Linux's
  onFreebsd.tcpInfo;
}

/** This process's platform is one of all, until code narrows it. */
export function narrowing() {
  // @ts-expect-error: not every platform has an iovec
  platform.iovec;
  // @ts-expect-error: not every platform opens sockets by FFI
  platform.symbols;
  if (platform.writev) {
    platform.iovec.size satisfies 16;
    platform.symbols.socket;
    // @ts-expect-error: macOS gathers with connectx, without a msghdr
    platform.msghdr;
  } else {
    platform.reason satisfies string;
    // @ts-expect-error: nothing to gather with
    platform.iovec;
  }
  switch (platform.fastOpen) {
    case "sendmsg":
      return platform.msghdr.iovlen satisfies 24;
    case "connectx":
      return platform.saEndpoints.dstaddr satisfies 24;
    case "sendto":
      return platform.constants.TCP_FASTOPEN satisfies 1025;
    case "none":
      return platform.reason satisfies string;
  }
}
