/**
 * Linux and Android: connect and send in one `sendmsg(MSG_FASTOPEN)`.
 *
 * @module
 */

import { libc } from "../../ffi/libc.ts";
import type { linux } from "../../ffi/linux.ts";
import { failureOf } from "../kernel/failed_call.ts";
import { sockaddrOf, SystemCallError, tcpSocket } from "../kernel/socket.ts";
import {
  bitsOf,
  OUTCOME_UNKNOWN,
  pathMeasures,
  requireBytes,
  tcpInfo,
} from "../kernel/tcp_info.ts";
import { adoptOpened } from "./adopted.ts";
import { sendMessage } from "./gather.ts";
import { type Opened, type OpenRequest, outcomeIfNotTried } from "./request.ts";
import type { FastOpenOutcome } from "../outcome.ts";

type Linux = typeof linux;

/** Opens a connection with as much of the flight in the SYN as the kernel takes. */
export function openSendmsg(platform: Linux, request: OpenRequest): Opened {
  const sockaddr = sockaddrOf(platform, request.address);
  const usesFastOpen = outcomeIfNotTried(request) === undefined;
  const fd = tcpSocket(platform, request.address.family);
  let sent = 0;
  let refused: string | undefined;
  try {
    if (usesFastOpen) ({ sent, refused } = sendFirstFlight(platform, fd, sockaddr, request.flight));
    if (!usesFastOpen || refused !== undefined) connectPlain(platform, fd, sockaddr);
  } catch (error) {
    libc(platform).call.close(fd);
    throw error;
  }
  return adoptOpened(platform, request, {
    fd,
    sent,
    synBytes: sent,
    usesFastOpen: usesFastOpen && refused === undefined,
    account() {
      // `rtt` is the last field that is read here.
      const info = requireBytes(tcpInfo(platform, fd), platform.tcpInfo.rtt + 4);
      const measured = info ? measuresOf(platform, info) : {};
      const outcome = outcomeIfNotTried(request);
      if (outcome) return { ...outcome, ...measured };
      if (refused !== undefined) {
        return { outcome: "unsupported", ...measured, reason: reasonOf(refused) };
      }
      if (!info) return OUTCOME_UNKNOWN;
      return { outcome: outcomeOf(platform, info, sent), ...measured };
    },
  });
}

/**
 * Calls `sendmsg(MSG_FASTOPEN)` once. With a cookie the kernel takes what fits the SYN; without one
 * it takes nothing, and the SYN asks for a cookie. `refused` is the errno if the kernel refuses.
 */
function sendFirstFlight(
  platform: Linux,
  fd: number,
  sockaddr: Uint8Array,
  flight: readonly Uint8Array[],
): { sent: number; refused: string | undefined } {
  const { MSG_FASTOPEN, MSG_NOSIGNAL } = platform.constants;
  const pieces = flight.filter((piece) => piece.length > 0);
  const sent = sendMessage(platform, fd, sockaddr, pieces, MSG_FASTOPEN | MSG_NOSIGNAL);
  if (sent >= 0) return { sent, refused: undefined };
  const failure = failureOf(platform, fd, "EINPROGRESS");
  if (failure?.byPeer) throw new SystemCallError("sendmsg", failure.errno);
  return { sent: 0, refused: failure?.errno };
}

function connectPlain(platform: Linux, fd: number, sockaddr: Uint8Array): void {
  if (libc(platform).call.connect(fd, sockaddr, sockaddr.length) === 0) return;
  const failure = failureOf(platform, fd, "EINPROGRESS");
  if (failure) throw new SystemCallError("connect", failure.errno);
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

/** What a refusal of `sendmsg(MSG_FASTOPEN)` means. */
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
      return `sendmsg(MSG_FASTOPEN) is not permitted, by a sandbox or a firewall (${errno})`;
    case "EINVAL":
      return "this kernel, or a sandbox in its place, does not know MSG_FASTOPEN (EINVAL)";
    default:
      return `the kernel refused with ${errno}`;
  }
}
