/**
 * Linux and Android: a `connect` that waits for data (TCP_FASTOPEN_CONNECT), then a `sendmsg`.
 *
 * `sendmsg(MSG_FASTOPEN)` would do both at once. But a sandbox that has rules about `connect` does not
 * see that call: Landlock, seccomp and security modules would be passed by. A sandbox may as well have a
 * rule about MSG_FASTOPEN, so that is asked for first.
 *
 * @module
 */

import { libc } from "../../ffi/libc.ts";
import type { linux } from "../../ffi/linux.ts";
import { failureOf } from "../kernel/failed_call.ts";
import { setOption, sockaddrOf, socketFrom, SystemCallError } from "../kernel/socket.ts";
import {
  bitsOf,
  OUTCOME_UNKNOWN,
  pathMeasures,
  requireBytes,
  tcpInfo,
} from "../kernel/tcp_info.ts";
import { pauseOf } from "../kernel/pause.ts";
import { adoptOpened } from "./adopted.ts";
import { sendMessage } from "./gather.ts";
import { type Opened, type OpenRequest, outcomeIfNotTried } from "./request.ts";
import type { FastOpenOutcome } from "../outcome.ts";

type Linux = typeof linux;

/** How connecting began. */
interface Begun {
  /** Bytes of the flight that the kernel has taken for the SYN. */
  readonly sent: number;
  /** The errno with which Fast Open was refused, if it was. */
  readonly refused?: string;
  /** Whether the SYN has not left: the socket would wait for data for ever. */
  readonly stuck?: boolean;
}

/** Opens a connection with as much of the flight in the SYN as the kernel takes. */
export function openSendmsg(platform: Linux, request: OpenRequest): Opened {
  const sockaddr = sockaddrOf(platform, request.address);
  const wanted = outcomeIfNotTried(request) === undefined;
  const { fd, sent, refused } = start(platform, request, sockaddr, wanted);
  const uses = wanted && refused === undefined;
  const paused = uses && sent === 0 ? pauseOf(platform, tcpInfo(platform, fd)) : undefined;
  return adoptOpened(platform, request, {
    fd,
    sent,
    synBytes: sent,
    usesFastOpen: uses && paused?.outcome !== "unsupported",
    account() {
      // `rtt` is the last field that is read here.
      const info = requireBytes(tcpInfo(platform, fd), platform.tcpInfo.rtt + 4);
      const measured = info ? measuresOf(platform, info) : {};
      const outcome = outcomeIfNotTried(request);
      if (outcome) return { ...outcome, ...measured };
      if (refused !== undefined) {
        return { outcome: "unsupported", ...measured, reason: reasonOf(refused) };
      }
      if (paused) return { ...paused, ...measured };
      if (!info) return OUTCOME_UNKNOWN;
      return { outcome: outcomeOf(platform, info, sent), ...measured };
    },
    delivered() {
      const { unacked } = platform.tcpInfo;
      const info = requireBytes(tcpInfo(platform, fd), unacked + 4);
      return info && info.getUint32(unacked, true) === 0;
    },
  });
}

/** Starts connecting. Throws `SystemCallError` when that fails at once; nothing is left open then. */
function start(
  platform: Linux,
  request: OpenRequest,
  sockaddr: Uint8Array,
  wanted: boolean,
): Begun & { fd: number } {
  const { address, from, flight } = request;
  const fd = socketFrom(platform, address.family, from);
  let begun: Begun;
  try {
    begun = wanted
      ? connectWith(platform, fd, sockaddr, flight)
      : connectPlain(platform, fd, sockaddr);
  } catch (error) {
    libc(platform).call.close(fd);
    throw error;
  }
  if (!begun.stuck) return { fd, ...begun };
  libc(platform).call.close(fd);
  return { ...begun, ...start(platform, request, sockaddr, false) };
}

function connectPlain(platform: Linux, fd: number, sockaddr: Uint8Array): Begun {
  connect(platform, fd, sockaddr);
  return { sent: 0 };
}

/** Connects with the beginning of `flight` in the SYN, where there is a cookie. */
function connectWith(
  platform: Linux,
  fd: number,
  sockaddr: Uint8Array,
  flight: readonly Uint8Array[],
): Begun {
  const { IPPROTO_TCP, TCP_FASTOPEN_CONNECT } = platform.constants;
  const { errno } = libc(platform);
  const refused = refusalOf(platform, fd, sockaddr) ??
    (setOption(platform, fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1) ? undefined : errno());
  if (refused !== undefined) return { ...connectPlain(platform, fd, sockaddr), refused };
  return connect(platform, fd, sockaddr) ? sendFirst(platform, fd, flight) : { sent: 0 };
}

const ONE_BYTE = new Uint8Array(1);

/**
 * The errno with which Fast Open is refused; `undefined` if it may be used. The call fails in any case,
 * since the address is of another family than the socket. But what forbids the flag fails it before.
 */
function refusalOf(platform: Linux, fd: number, sockaddr: Uint8Array): string | undefined {
  const { AF_INET, AF_INET6, MSG_FASTOPEN, MSG_NOSIGNAL } = platform.constants;
  const strange = sockaddr.slice();
  const family = new DataView(strange.buffer); // `sa_family_t sa_family` comes first.
  family.setUint16(0, family.getUint16(0, true) === AF_INET ? AF_INET6 : AF_INET, true);
  sendMessage(platform, fd, strange, [ONE_BYTE], MSG_FASTOPEN | MSG_NOSIGNAL);
  const errno = libc(platform).errno();
  return errno === "EAFNOSUPPORT" ? undefined : errno;
}

/**
 * Calls `connect`. Returns whether it is over already, which with TCP_FASTOPEN_CONNECT means that
 * there is a cookie, and the SYN waits for data. Otherwise a SYN has left, and asks for a cookie.
 */
function connect(platform: Linux, fd: number, sockaddr: Uint8Array): boolean {
  if (libc(platform).call.connect(fd, sockaddr, sockaddr.length) === 0) return true;
  const failure = failureOf(platform, fd, "EINPROGRESS");
  if (failure) throw new SystemCallError("connect", failure.errno);
  return false;
}

/** Sends what fits into the SYN. */
function sendFirst(platform: Linux, fd: number, flight: readonly Uint8Array[]): Begun {
  const pieces = flight.filter((piece) => piece.length > 0);
  const sent = sendMessage(platform, fd, null, pieces, platform.constants.MSG_NOSIGNAL);
  if (sent >= 0) return { sent };
  const refused = libc(platform).errno();
  const failure = failureOf(platform, fd, "EINPROGRESS");
  if (failure?.byPeer) throw new SystemCallError("sendmsg", failure.errno);
  // Where memory is short, the SYN leaves without data, and the connection goes on.
  return refused === "EINPROGRESS" ? { sent: 0 } : { sent: 0, refused, stuck: true };
}

function outcomeOf(
  { tcpInfo, tcpInfoBits, constants }: Linux,
  info: DataView,
  sent: number,
): FastOpenOutcome {
  if (info.getUint8(tcpInfo.options) & constants.TCPI_OPT_SYN_DATA) return "accepted";
  switch (bitsOf(info, tcpInfoBits.fastopenClientFail)) {
    case constants.TFO_COOKIE_UNAVAILABLE:
      return "cookie-requested";
    case constants.TFO_SYN_RETRANSMITTED:
      return "blocked";
    case constants.TFO_DATA_NOT_ACKED:
    default:
      // A closed connection no longer tells. But data that were not sent can't have been ignored.
      return sent > 0 ? "ignored" : "cookie-requested";
  }
}

function measuresOf({ tcpInfo, constants }: Linux, info: DataView) {
  const rtt = info.getUint32(tcpInfo.rtt, true) / 1000;
  const timestamps = (info.getUint8(tcpInfo.options) & constants.TCPI_OPT_TIMESTAMPS) !== 0;
  return pathMeasures(rtt, info.getUint32(tcpInfo.sndMss, true), timestamps);
}

/** What a refusal of Fast Open means. */
function reasonOf(errno: string): string {
  switch (errno) {
    case "EOPNOTSUPP":
      return "switched off in the kernel; sysctl -w net.ipv4.tcp_fastopen=1 turns it on";
    case "EPIPE":
    case "ENOPROTOOPT":
      return `this kernel does not know Fast Open (${errno})`;
    case "EPERM":
    case "EACCES":
    case "ENOSYS":
      return `Fast Open is not permitted, by a sandbox or a firewall (${errno})`;
    case "EINVAL":
      return "this kernel, or a sandbox in its place, does not know Fast Open (EINVAL)";
    default:
      return `the kernel refused Fast Open with ${errno}`;
  }
}
