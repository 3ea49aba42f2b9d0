/**
 * Listening sockets with Fast Open.
 *
 * @module
 */

import type { Server, Socket } from "node:net";
import { libc, type SocketPlatform } from "../ffi/libc.ts";
import { platform } from "../ffi/platform.ts";
import { type ListenAddress, runtime } from "../runtimes/mod.ts";
import { parseAddress } from "./address.ts";
import { quoted } from "./authority.ts";
import { type ConnFacts, type NetAddr, netAddr } from "./conn.ts";
import { withDescriptor } from "./descriptor.ts";
import { ConnectError } from "./errors.ts";
import { listenFailure } from "./listen_failure.ts";
import type { FastOpenResult } from "./outcome.ts";
import { enableFastOpen, type ListenerFastOpen } from "./listener_fast_open.ts";
import { mustBe } from "./options.ts";
import { setOption, sockaddrOf, SystemCallError, tcpSocket } from "./socket.ts";
import { tcpInfo, UNTOLD, whole } from "./tcp_info.ts";

/** Where to listen. */
export interface ListenOptions {
  /** An IP address of this machine, or `"localhost"`. Default `"0.0.0.0"`. */
  hostname?: string;
  /** 0 to 65,535; 0 picks a free one. */
  port: number;
  /** Connections that may wait to be accepted. Default 511. */
  backlog?: number;
  /** Take data in the SYN (RFC 7413) where the kernel allows. Default `true`. */
  fastOpen?: boolean;
}

/** Throws `INVALID_OPTION` unless `options` can be listened on. */
export function checkListenOptions(options: ListenOptions): void {
  const { hostname, port, backlog, fastOpen } = options;
  const refuse = (name: string, expectation: string, value: unknown): never => {
    throw new ConnectError("INVALID_OPTION", mustBe(name, expectation, value));
  };
  if (hostname !== undefined && !isBindable(hostname)) {
    refuse("hostname", 'an IP address of this machine or "localhost"', hostname);
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    refuse("port", "an integer from 0 to 65535", port);
  }
  if (backlog !== undefined && (!Number.isInteger(backlog) || backlog < 1 || backlog > 65_535)) {
    refuse("backlog", "an integer from 1 to 65535", backlog);
  }
  if (fastOpen !== undefined && typeof fastOpen !== "boolean") {
    refuse("fastOpen", "a boolean", fastOpen);
  }
}

function isBindable(hostname: unknown): boolean {
  if (hostname === "localhost") return true;
  return typeof hostname === "string" && parseAddress(hostname, 0) !== undefined;
}

/**
 * Starts `server`.
 *
 * @throws {ConnectError} `ADDRESS_IN_USE`, `ADDRESS_NOT_AVAILABLE`, or `PERMISSION_DENIED`
 */
export function listen(server: Server, options: ListenOptions): ListenerFastOpen {
  const { hostname = "0.0.0.0", port, backlog = 511, fastOpen = true } = options;
  const host = hostname === "localhost" ? "127.0.0.1" : hostname;
  const at = { hostname, port };
  const denied = runtime.deniedNet(hostname, port);
  if (denied !== undefined) {
    const message = `Could not listen on ${quoted(at)}: not permitted; ${denied}`;
    throw new ConnectError("PERMISSION_DENIED", message, at);
  }
  const address = { host, port, backlog };
  const table: SocketPlatform | undefined = platform.fastOpen === "none" ? undefined : platform;
  try {
    runtime.listen(server, address, table && (() => bind(table, address)));
  } catch (cause) {
    throw listenFailure(at, cause);
  }
  if (platform.fastOpen === "none") return { enabled: false, reason: platform.reason };
  if (!fastOpen) return { enabled: false, reason: "switched off by the caller" };
  return enableFastOpen({ hostname: host, port: listenAddress(server).port });
}

/** A bound, listening socket. */
function bind(platform: SocketPlatform, { host, port, backlog }: ListenAddress): number {
  const { call, errno } = libc(platform);
  const { constants } = platform;
  const address = parseAddress(host, port);
  if (!address) throw new SystemCallError("bind", "EINVAL");
  const sockaddr = sockaddrOf(platform, address);
  const fd = tcpSocket(platform, address.family);
  const check = (syscall: string, result: number) => {
    if (result === 0) return;
    const name = errno();
    call.close(fd);
    throw new SystemCallError(syscall, name);
  };
  setOption(platform, fd, constants.SOL_SOCKET, constants.SO_REUSEADDR, 1);
  check("bind", call.bind(fd, sockaddr, sockaddr.length));
  check("listen", call.listen(fd, backlog));
  return fd;
}

/** The address a server is bound to. */
export function listenAddress(server: Server): NetAddr {
  const address = server.address();
  if (address === null || typeof address === "string") return netAddr(undefined);
  return { transport: "tcp", hostname: address.address, port: address.port };
}

/** What the kernel knows of a connection that was just accepted. */
export function acceptedFacts(socket: Socket, fastOpen: ListenerFastOpen): ConnFacts {
  const { remoteAddress = "", remotePort = 0, localAddress = "", localPort = 0 } = socket;
  return {
    localAddr: { transport: "tcp", hostname: localAddress, port: localPort },
    remoteAddr: { transport: "tcp", hostname: remoteAddress, port: remotePort },
    fastOpen: acceptedFastOpen(socket, fastOpen),
  };
}

function acceptedFastOpen(
  socket: Socket,
  { enabled, reason = "the listener does not take it" }: ListenerFastOpen,
): FastOpenResult {
  const none = { synBytes: 0, flightBytes: 0 };
  if (!enabled) return { outcome: "unsupported", ...none, reason };
  if (platform.fastOpen !== "sendmsg") {
    const reason = "this platform does not tell whether the SYN brought data";
    return { outcome: "unsupported", ...none, reason };
  }
  const table = platform; // An imported binding is not narrowed inside closures.
  const { options, advmss, bytesReceived, dataSegsIn, size } = table.tcpInfo;
  const info = whole(withDescriptor(table, socket, (fd) => tcpInfo(table, fd)), size);
  if (!info) return { ...UNTOLD, ...none };
  if (!(info.getUint8(options) & table.constants.TCPI_OPT_SYN_DATA)) {
    return { outcome: "disabled", ...none, reason: "the client sent no data in its SYN" };
  }
  const flightBytes = Number(info.getBigUint64(bytesReceived, true));
  if (info.getUint32(dataSegsIn, true) === 1) {
    return { outcome: "accepted", synBytes: flightBytes, flightBytes };
  }
  return {
    outcome: "accepted",
    synBytes: Math.min(flightBytes, info.getUint32(advmss, true)),
    flightBytes,
    reason: "more had arrived before it was counted: the SYN brought synBytes at most",
  };
}
