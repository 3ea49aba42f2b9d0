/**
 * Why a call on a socket has failed.
 *
 * @module
 */

import { libc, type SocketPlatform } from "../../ffi/libc.ts";
import { getOption, isConnected } from "./socket.ts";
import { tcpInfo } from "./tcp_info.ts";

/** Why a call has failed. */
export interface CallFailure {
  /** The C name of the error number. */
  readonly errno: string;
  /** Whether the peer has ended the connection. Otherwise the kernel refused the call at once. */
  readonly byPeer: boolean;
}

/**
 * Why the call that has just failed on `fd` did so; `undefined` if the connection goes on, as it does
 * after the error `goesOn`. Nothing may be called between that call and this function.
 *
 * The kernel's state decides, since no runtime promises to keep errno. A socket that lives is not in
 * TCP_CLOSE. A connection that the peer has ended has left its error in SO_ERROR, unless the call was
 * the first to be told. Only then, and if the kernel refused the call at once, does errno count.
 */
export function failureOf(
  platform: SocketPlatform,
  fd: number,
  goesOn: "EINPROGRESS" | "EAGAIN",
): CallFailure | undefined {
  const { errno, errnoName } = libc(platform);
  const refusal = errno();
  const lives = isAlive(platform, fd);
  if (lives) return undefined;
  const { SOL_SOCKET, SO_ERROR } = platform.constants;
  const pending = getOption(platform, fd, SOL_SOCKET, SO_ERROR, 4)?.getInt32(0, true) ?? 0;
  if (pending !== 0) return { errno: errnoName(pending), byPeer: true };
  if (lives === undefined && refusal === goesOn) return undefined;
  return { errno: refusal, byPeer: false };
}

/** Whether a socket is connected or connecting; `undefined` where the kernel does not tell. */
function isAlive(platform: SocketPlatform, fd: number): boolean | undefined {
  // A connecting socket has no peer yet. Only Linux tells it from one that is closed.
  if (platform.fastOpen !== "sendmsg") return isConnected(platform, fd) || undefined;
  const state = tcpInfo(platform, fd)?.getUint8(platform.tcpInfo.state);
  return state === undefined ? undefined : state !== platform.constants.TCP_CLOSE;
}
