/**
 * Linux and Android: connect and send in one `sendmsg(MSG_FASTOPEN)`.
 *
 * @module
 */

import { libc } from "../../ffi/libc.ts";
import type { linux } from "../../ffi/linux.ts";
import { pinned } from "../../ffi/pin.ts";
import { runtime } from "../../runtimes/mod.ts";
import type { FastOpenResult } from "../outcome.ts";
import { localAddress } from "../descriptor.ts";
import { getOption, setOption, sockaddrOf, SystemCallError } from "../socket.ts";
import { SYN_OPTIONS } from "../syn_room.ts";
import { TCPI_OPT_SYN_DATA, TCPI_OPT_TIMESTAMPS, tcpInfo } from "../tcp_info.ts";
import { Wire } from "../wire.ts";
import type { Opened, OpenRequest } from "./mod.ts";
import { openPlain } from "./plain.ts";

type Linux = typeof linux;

/** TCP states of the kernel's tcp_states.h that are told apart here. */
const TCP_SYN_SENT = 2;
const TCP_SYN_RECV = 3;
const TCP_CLOSE = 7;

/** A refused connection is closed already when a busy event loop gets round to asking. */
const notEstablished = [TCP_SYN_SENT, TCP_SYN_RECV, TCP_CLOSE];

/** Bytes of TCP's timestamp option, which snd_mss does not count. */
const TIMESTAMPS = 12;

/** tcpi_fastopen_client_fail, two bits above delivery_rate_app_limited. */
const TFO_COOKIE_UNAVAILABLE = 1;
const TFO_DATA_NOT_ACKED = 2;
const TFO_SYN_RETRANSMITTED = 3;

/** Opens a connection with as much of the flight in the SYN as the kernel takes. */
export function openSendmsg(platform: Linux, request: OpenRequest): Opened {
  let call: ReturnType<typeof libc<Linux>>["call"];
  try {
    call = libc(platform).call;
  } catch (error) {
    return openPlain(request, `libc can't be called: ${(error as Error).message}`);
  }
  const { constants } = platform;
  const sockaddr = sockaddrOf(platform, request.address);
  const domain = request.address.family === 4 ? constants.AF_INET : constants.AF_INET6;
  const type = constants.SOCK_STREAM | constants.SOCK_NONBLOCK | constants.SOCK_CLOEXEC;
  const fd = call.socket(domain, type, constants.IPPROTO_TCP);
  if (fd < 0) throw new SystemCallError("socket", libc(platform).errno());
  const flight = request.flight.filter((piece) => piece.length > 0);
  const flightBytes = flight.reduce((total, piece) => total + piece.length, 0);
  const asked = request.fastOpen && flightBytes > 0;
  let sent = 0;
  let refused: string | undefined;
  try {
    if (asked) ({ sent, refused } = sendFirstFlight(platform, fd, sockaddr, flight));
    if (!asked || refused !== undefined) connectPlain(platform, fd, sockaddr);
  } catch (error) {
    call.close(fd);
    throw error;
  }

  setOption(platform, fd, constants.IPPROTO_TCP, constants.TCP_NODELAY, 1);
  const wire = Wire.adopt(fd);
  return {
    wire,
    sent,
    asked: asked && refused === undefined,
    established() {
      if (wire.socket.destroyed) return false; // The number may be somebody else's by now.
      const state = tcpInfo(platform, fd)?.getUint8(platform.tcpInfo.state);
      return state !== undefined && !notEstablished.includes(state);
    },
    fastOpen() {
      const info = tcpInfo(platform, fd);
      const rtt = info && info.getUint32(platform.tcpInfo.rtt, true) / 1000;
      const synRoom = info && roomIn(platform, info);
      const facts = {
        synBytes: sent,
        flightBytes,
        ...(rtt ? { rtt } : {}),
        ...(synRoom ? { synRoom } : {}),
      };
      if (!request.fastOpen) return { outcome: "disabled", ...facts };
      if (!asked) return { outcome: "disabled", ...facts, reason: "there was nothing to send" };
      if (refused !== undefined) {
        return { outcome: "unsupported", ...facts, reason: reasonOf(refused) };
      }
      return { outcome: info ? outcomeOf(platform, info) : "unsupported", ...facts };
    },
    localAddress: () => localAddress(platform, fd),
  };
}

/**
 * One `sendmsg(MSG_FASTOPEN)`. With a cookie it takes what fits the SYN; without, it takes nothing
 * and the SYN asks for one. `refused` names what the kernel has against it.
 */
function sendFirstFlight(
  platform: Linux,
  fd: number,
  sockaddr: Uint8Array,
  flight: readonly Uint8Array[],
): { sent: number; refused: string | undefined } {
  const { msghdr, iovec, constants } = platform;
  const iov = new Uint8Array(iovec.size * flight.length);
  const iovView = new DataView(iov.buffer);
  const message = new Uint8Array(msghdr.size);
  const view = new DataView(message.buffer);
  const sent = pinned([sockaddr, iov, flight], () => {
    for (const [index, piece] of flight.entries()) {
      iovView.setBigUint64(index * iovec.size + iovec.base, runtime.addressOf(piece), true);
      iovView.setBigUint64(index * iovec.size + iovec.len, BigInt(piece.length), true);
    }
    view.setBigUint64(msghdr.name, runtime.addressOf(sockaddr), true);
    view.setUint32(msghdr.namelen, sockaddr.length, true);
    view.setBigUint64(msghdr.iov, runtime.addressOf(iov), true);
    view.setBigUint64(msghdr.iovlen, BigInt(flight.length), true);
    const flags = constants.MSG_FASTOPEN | constants.MSG_NOSIGNAL;
    return Number(libc(platform).call.sendmsg(fd, message, flags));
  });
  if (sent >= 0) return { sent, refused: undefined };
  const failure = failureOf(platform, fd);
  if (failure?.byPeer) throw new SystemCallError("sendmsg", failure.errno);
  return { sent: 0, refused: failure?.errno };
}

function connectPlain(platform: Linux, fd: number, sockaddr: Uint8Array): void {
  if (libc(platform).call.connect(fd, sockaddr, sockaddr.length) === 0) return;
  const failure = failureOf(platform, fd);
  if (failure) throw new SystemCallError("connect", failure.errno);
}

/**
 * Why the call that just returned -1 failed; `undefined` when it merely goes on in the background.
 *
 * The kernel's state decides, since no runtime promises to keep errno: an attempt under way is not
 * closed, an attempt that the peer has ended has left its error in SO_ERROR (over loopback that
 * happens before the call returns), and only a call refused on the spot leaves errno alone.
 */
function failureOf(platform: Linux, fd: number): { errno: string; byPeer: boolean } | undefined {
  const { errno, errnoName } = libc(platform);
  const refusal = errno();
  if (tcpInfo(platform, fd)?.getUint8(platform.tcpInfo.state) !== TCP_CLOSE) return undefined;
  const { SOL_SOCKET, SO_ERROR } = platform.constants;
  const pending = getOption(platform, fd, SOL_SOCKET, SO_ERROR, 4)?.getInt32(0, true) ?? 0;
  return pending === 0
    ? { errno: refusal, byPeer: false }
    : { errno: errnoName(pending), byPeer: true };
}

function outcomeOf(platform: Linux, info: DataView): FastOpenResult["outcome"] {
  if (info.getUint8(platform.tcpInfo.options) & TCPI_OPT_SYN_DATA) return "accepted";
  switch ((info.getUint8(platform.tcpInfo.fastOpenClientFail) >> 1) & 3) {
    case TFO_COOKIE_UNAVAILABLE:
      return "cookie-requested";
    case TFO_SYN_RETRANSMITTED:
      return "blocked";
    case TFO_DATA_NOT_ACKED:
    default:
      return "ignored";
  }
}

/** What the next SYN has room for: a segment as it was negotiated, less all a SYN's options may take. */
function roomIn(platform: Linux, info: DataView): number {
  const timestamps = info.getUint8(platform.tcpInfo.options) & TCPI_OPT_TIMESTAMPS;
  const segment = info.getUint32(platform.tcpInfo.sendMss, true) + (timestamps ? TIMESTAMPS : 0);
  return segment - SYN_OPTIONS;
}

/** What a refusal of `sendmsg(MSG_FASTOPEN)` means. */
function reasonOf(errno: string): string {
  switch (errno) {
    case "EOPNOTSUPP":
      return "switched off in the kernel; sysctl -w net.ipv4.tcp_fastopen=1 turns it on";
    case "EPIPE":
    case "ENOPROTOOPT":
      return `this kernel does not know Fast Open (${errno})`;
    default:
      return `the kernel refused with ${errno}`;
  }
}
