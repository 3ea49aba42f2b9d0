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
import { openConnectx } from "../../tcp/open/connectx.ts";
import { sendMessage, withGathered } from "../../tcp/open/gather.ts";
import type { OpenRequest } from "../../tcp/open/request.ts";
import { openSendmsg } from "../../tcp/open/sendmsg.ts";
import { openSendto } from "../../tcp/open/sendto.ts";
import { tcpConnectionInfo, tcpInfo } from "../../tcp/kernel/tcp_info.ts";

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
  onDarwin.call.ioctl(3, 0n) satisfies number;
  // @ts-expect-error: Linux makes sockets that children don't inherit, without ioctl
  onLinux.call.ioctl;
  // @ts-expect-error: so does FreeBSD
  onFreebsd.call.ioctl;
  // @ts-expect-error: Linux's settings are files
  onLinux.call.sysctlbyname;
}

/** Each way of opening is its platform's own; so is what the kernel tells afterwards. */
export function ways(
  { onLinux, onDarwin, onFreebsd, onWindows }: {
    onLinux: Linux;
    onDarwin: Darwin;
    onFreebsd: Freebsd;
    onWindows: Windows;
  },
  request: OpenRequest,
) {
  openSendmsg(onLinux, request);
  openConnectx(onDarwin, request);
  openSendto(onFreebsd, request);
  // @ts-expect-error: macOS has no TCP_FASTOPEN_CONNECT
  openSendmsg(onDarwin, request);
  // @ts-expect-error: FreeBSD has no connectx
  openConnectx(onFreebsd, request);
  // @ts-expect-error: Linux ignores TCP_FASTOPEN on a socket that connects
  openSendto(onLinux, request);
  // @ts-expect-error: Windows opens no sockets by FFI
  openSendmsg(onWindows, request);

  const bytes = new Uint8Array();
  withGathered(onDarwin, [bytes], (iov) => iov);
  // @ts-expect-error: Windows has nothing to gather with
  withGathered(onWindows, [bytes], (iov) => iov);
  // @ts-expect-error: macOS gathers with connectx, without a msghdr
  sendMessage(onDarwin, 3, bytes, [bytes], 0);

  tcpInfo(onFreebsd, 3);
  // @ts-expect-error: macOS keeps its TCP_INFO to itself
  tcpInfo(onDarwin, 3);
  // @ts-expect-error: Linux has no TCP_CONNECTION_INFO
  tcpConnectionInfo(onLinux, 3);
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
  onLinux.constants.TCP_FASTOPEN_CONNECT satisfies 30;
  // @ts-expect-error: macOS has no TCP_FASTOPEN_CONNECT
  onDarwin.constants.TCP_FASTOPEN_CONNECT;
  // @ts-expect-error: nor has FreeBSD
  onFreebsd.constants.TCP_FASTOPEN_CONNECT;
  // @ts-expect-error: macOS has no SOCK_NONBLOCK
  onDarwin.constants.SOCK_NONBLOCK;
  // @ts-expect-error: nor SOCK_CLOEXEC
  onDarwin.constants.SOCK_CLOEXEC;
  // @ts-expect-error: macOS has no TCP_INFO
  onDarwin.constants.TCP_INFO;
  // @ts-expect-error: Linux has no SO_NOSIGPIPE
  onLinux.constants.SO_NOSIGPIPE;
  // @ts-expect-error: connectx's endpoints are macOS's
  onLinux.saEndpoints;
  // @ts-expect-error: the bit fields of tcp_info are Linux's
  onFreebsd.tcpInfoBits;
  onFreebsd.tcpInfo.sndMax satisfies 180;
  // @ts-expect-error: Linux's tcp_info has no sequence numbers
  onLinux.tcpInfo.sndMax;
  // @ts-expect-error: FreeBSD's counts no bytes
  onFreebsd.tcpInfo.bytesReceived;
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
      // @ts-expect-error: FreeBSD's MSG_NOSIGNAL is not Linux's
      platform.constants.MSG_NOSIGNAL satisfies 0x4000;
      return platform.constants.TCP_FASTOPEN satisfies 1025;
    case "none":
      return platform.reason satisfies string;
  }
}
