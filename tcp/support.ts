/**
 * What this machine can do for Fast Open.
 *
 * @module
 */

import { libc } from "../ffi/libc.ts";
import { platform } from "../ffi/platform.ts";
import { fastOpenSysctl } from "./listener_fast_open.ts";
import { setOption } from "./socket.ts";

/** What {@linkcode tcpFastOpenSupport} found. */
export interface TcpFastOpenSupport {
  /** Connections can carry data in their SYN. */
  readonly client: boolean;
  /** Listeners can take data from a SYN; `undefined` where that can't be told. */
  readonly server: boolean | undefined;
  /** The system call that does it. */
  readonly mechanism: "sendmsg" | "connectx" | "sendto" | "none";
  /** Why `client` or `server` is not `true`, and what to do. */
  readonly reason?: string;
}

/** Linux's other way to ask for Fast Open; refused exactly when the sysctl's client bit is clear. */
const TCP_FASTOPEN_CONNECT = 30;

/** Asks the kernel, without sending anything. */
export function tcpFastOpenSupport(): TcpFastOpenSupport {
  const unsupported = { client: false, server: false, mechanism: platform.fastOpen };
  if (platform.fastOpen === "none") return { ...unsupported, reason: platform.reason };
  if (platform.fastOpen !== "sendmsg") {
    return { ...unsupported, reason: `Fast Open by ${platform.fastOpen} is not implemented yet` };
  }
  const { AF_INET, SOCK_STREAM, SOCK_CLOEXEC, IPPROTO_TCP } = platform.constants;
  let client: boolean;
  try {
    const { call } = libc(platform);
    const fd = call.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    client = setOption(platform, fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
    call.close(fd);
  } catch (error) {
    return { ...unsupported, reason: `libc can't be called: ${(error as Error).message}` };
  }
  const sysctl = fastOpenSysctl();
  const server = sysctl === undefined ? undefined : (sysctl & 2) !== 0;
  if (client && server) return { client, server, mechanism: "sendmsg" };
  const reason = server === undefined
    ? "net.ipv4.tcp_fastopen can't be read"
    : "switched off in the kernel; sysctl -w net.ipv4.tcp_fastopen=3 turns it on";
  return { client, server, mechanism: "sendmsg", reason };
}
