/**
 * Listening sockets with Fast Open.
 *
 * @module
 */

import type { Server } from "node:net";
import { authority } from "../../base/authority.ts";
import {
  boolean,
  calledElsewhere,
  checkOf,
  defaulted,
  integer,
  oneOf,
  required,
  type Rules,
} from "../../base/options.ts";
import { libc, type SocketPlatform } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform.ts";
import {
  isClusterWorker,
  type ListenAddress,
  listenByPrimary,
  runtime,
} from "../../runtimes/mod.ts";
import { ConnectError } from "../errors.ts";
import { type NetAddr, netAddr } from "../facts.ts";
import { setOption, sockaddrOf, SystemCallError, tcpSocket } from "../kernel/socket.ts";
import { watchAccepting } from "./accept_watch.ts";
import {
  type AnyListener,
  enableFastOpen,
  type ListenerFastOpen,
  PRIMARY_LISTENS,
  switchOn,
} from "./enable_fast_open.ts";
import { listenFailure } from "./failure.ts";
import { parseAddress } from "../name/address.ts";

/** Where to listen. */
export interface ListenOptions {
  /** An IP address of this machine, or `"localhost"`. Default `"0.0.0.0"`. */
  hostname?: string;
  /** 0 to 65,535; 0 picks a free port. */
  port: number;
  /** Always `"tcp"`; allowed so that an address such as `listener.addr` can be spread here. */
  transport?: "tcp";
  /** Connections that may wait to be accepted. Default 511. */
  backlog?: number;
  /** Take data in the SYN (RFC 7413) where the kernel allows it. Default `true`. */
  fastOpen?: boolean;
}

/** {@linkcode ListenOptions} as they were read. */
export interface ListenSettings {
  readonly hostname: string;
  readonly port: number;
  readonly transport: "tcp";
  readonly backlog: number;
  readonly fastOpen: boolean;
}

/** How {@linkcode ListenOptions} are read. */
export const listenRules: Rules<ListenSettings> = {
  hostname: calledElsewhere(
    defaulted(checkOf('an IP address of this machine or "localhost"', isBindable), "0.0.0.0"),
    "host",
  ),
  port: required(integer(0, 65_535)),
  transport: defaulted(oneOf("tcp"), "tcp"),
  backlog: defaulted(integer(1, 65_535), 511),
  fastOpen: defaulted(boolean, true),
};

function isBindable(hostname: unknown): boolean {
  if (hostname === "localhost") return true;
  return typeof hostname === "string" && parseAddress(hostname, 0) !== undefined;
}

/** A server that was started. */
export interface Started {
  /** The address it is bound to, as far as that is known. */
  readonly addr: NetAddr;
  /** Whether it takes data in the SYN. */
  readonly fastOpen: ListenerFastOpen;
}

/** What the owner of a server is told after {@linkcode listen} has returned. */
export interface ListenHandlers {
  onStarted(started: Started): void;
  /** The server could not start. */
  onFailure(error: ConnectError): void;
  /** Connections can't be accepted at present. The server goes on. */
  onAcceptError(error: ConnectError): void;
}

/**
 * Starts `server`.
 *
 * In a worker of `node:cluster` the primary process listens, as for every server of `node:net`. Only
 * port 0 is picked here, since the port could not be told otherwise. What the primary says is known
 * later: `onFailure` gets its refusal; or `onStarted` gets what replaces the returned value.
 *
 * @throws {ConnectError} `ADDRESS_IN_USE`, `ADDRESS_NOT_AVAILABLE`, or `PERMISSION_DENIED`
 */
export function listen(
  server: Server,
  settings: ListenSettings,
  { onStarted, onFailure, onAcceptError }: ListenHandlers,
): Started {
  const { hostname, port, backlog, fastOpen } = settings;
  const host = hostname === "localhost" ? "127.0.0.1" : hostname;
  const at = { hostname, port };
  const denied = runtime.deniedNet(hostname, port);
  if (denied !== undefined) {
    const message = `Could not listen on "${authority(at)}": not permitted; ${denied}`;
    throw new ConnectError("PERMISSION_DENIED", message, at);
  }
  const address = { host, port, backlog };
  const table: SocketPlatform | undefined = platform.fastOpen === "none" ? undefined : platform;
  const watch = (fd?: number) => {
    if (table) {
      watchAccepting(table, { server, fd, backlog, ...listenAddress(server) }, onAcceptError);
    }
  };
  if (port !== 0 && isClusterWorker()) {
    server.once("listening", () => {
      watch();
      onStarted({ addr: listenAddress(server), fastOpen: fastOpenOf(server, fastOpen) });
    });
    server.once("error", (cause) => onFailure(listenFailure(at, cause)));
    listenByPrimary(server, address);
    const reason = fastOpen ? PRIMARY_LISTENS : SWITCHED_OFF;
    return {
      addr: { transport: "tcp", hostname: host, port },
      fastOpen: { enabled: false, reason },
    };
  }
  let bound: number | undefined;
  try {
    runtime.listen(server, address, table && (() => bound = bind(table, address)));
  } catch (cause) {
    throw listenFailure(at, cause);
  }
  watch(bound);
  return { addr: listenAddress(server), fastOpen: fastOpenOf(server, fastOpen, bound) };
}

const SWITCHED_OFF = "switched off by the caller";

/** Lets `server` take data in the SYN, if that is `wanted`; `bound` is its descriptor, if known. */
function fastOpenOf(server: Server, wanted: boolean, bound?: number): ListenerFastOpen {
  if (!wanted) return { enabled: false, reason: SWITCHED_OFF };
  if (platform.fastOpen === "none") return { enabled: false, reason: platform.reason };
  if (bound !== undefined) return switchOn(platform, [bound]);
  return tryFastOpen(listenAddress(server));
}

/** A listener that listens is worth more than its Fast Open: what that fails with is but a reason. */
function tryFastOpen(listener: AnyListener): ListenerFastOpen {
  try {
    return enableFastOpen(listener);
  } catch (error) {
    const reason = isClusterWorker() ? PRIMARY_LISTENS : (error as Error).message;
    return { enabled: false, reason };
  }
}

/** Makes a bound, listening socket. */
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
function listenAddress(server: Server): NetAddr {
  const address = server.address();
  if (address === null || typeof address === "string") return netAddr(undefined);
  return { transport: "tcp", hostname: address.address, port: address.port };
}
