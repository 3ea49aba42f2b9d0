/**
 * FreeBSD: `setsockopt(TCP_FASTOPEN)`, then a `sendmsg` with an address.
 *
 * Never run, but checked against tcp_fastopen.c, tcp_usrreq.c, tcp_input.c and tcp_output.c of
 * FreeBSD 14. `npm run check:abi` proves the constants, layouts and signatures.
 *
 * @module
 */

import type { freebsd } from "../../ffi/freebsd.ts";
import { libc } from "../../ffi/libc.ts";
import { getOption, setOption, sockaddrOf, socketFrom } from "../kernel/socket.ts";
import { OUTCOME_UNKNOWN, pathMeasures, requireBytes, tcpInfo } from "../kernel/tcp_info.ts";
import { adoptOpened, holdUntilEstablished } from "./adopted.ts";
import { sendMessage } from "./gather.ts";
import { openPlain } from "./plain.ts";
import { lengthOf, type Opened, type OpenRequest, outcomeIfNotTried } from "./request.ts";
import type { FastOpenResult } from "../outcome.ts";

type Freebsd = typeof freebsd;

/** Opens a connection with as much of the flight in the SYN as fits, where there is a cookie. */
export function openSendto(platform: Freebsd, request: OpenRequest): Opened {
  if (outcomeIfNotTried(request)) return openPlain(request);
  const { IPPROTO_TCP, TCP_FASTOPEN, MSG_NOSIGNAL } = platform.constants;
  const { call, errno } = libc(platform);
  const sockaddr = sockaddrOf(platform, request.address);
  const fd = socketFrom(platform, request.address.family, request.from);
  // If a plain connection fails too, it reports the error itself.
  const openPlainly = (why: string) => {
    call.close(fd);
    return openPlain(request, why);
  };
  if (!setOption(platform, fd, IPPROTO_TCP, TCP_FASTOPEN, 1)) return openPlainly(reasonOf(errno()));
  const pieces = request.flight.filter((piece) => piece.length > 0);
  const sent = sendMessage(platform, fd, sockaddr, pieces, MSG_NOSIGNAL);
  if (sent < 0) return openPlainly(`the kernel refused sendmsg with ${errno()}`);
  const readInfo = () => requireBytes(tcpInfo(platform, fd), platform.tcpInfo.size);
  const synBytes = synBytesOf(platform, readInfo()); // Read before an answer can have come.
  const option = getOption(platform, fd, IPPROTO_TCP, TCP_FASTOPEN, 4)?.getInt32(0, true) ?? 0;
  const opened = adoptOpened(platform, request, {
    fd,
    sent,
    synBytes: synBytes ?? 0,
    usesFastOpen: option !== 0,
    account() {
      const info = readInfo();
      if (!info) return OUTCOME_UNKNOWN;
      const { rtt, sndMss } = platform.tcpInfo;
      return {
        ...outcomeOf(platform, info, option !== 0, synBytes),
        ...pathMeasures(info.getUint32(rtt, true) / 1000, info.getUint32(sndMss, true), false),
      };
    },
    delivered() {
      const info = readInfo();
      const { sndUna, sndMax } = platform.tcpInfo;
      return info && info.getUint32(sndUna, true) === info.getUint32(sndMax, true);
    },
  });
  if (sent < lengthOf(request.flight)) holdUntilEstablished(opened);
  return opened;
}

/**
 * Bytes of data in a SYN that was just sent: the sequence numbers in flight, without the SYN's own.
 * `undefined` if the SYN is acknowledged already, as over loopback, or if an old kernel can't tell.
 */
function synBytesOf(
  { tcpInfo: { sndUna, sndMax } }: Freebsd,
  info: DataView | undefined,
): number | undefined {
  if (!info) return undefined;
  const inFlight = (info.getUint32(sndMax, true) - info.getUint32(sndUna, true)) >>> 0;
  return inFlight > 0 ? inFlight - 1 : undefined;
}

function outcomeOf(
  { tcpInfo: { sndRexmitpack } }: Freebsd,
  info: DataView,
  usesFastOpen: boolean,
  synBytes: number | undefined,
): Pick<FastOpenResult, "outcome" | "reason"> {
  if (!usesFastOpen) {
    const reason =
      "the server or the path did without before, and the kernel spares it Fast Open; " +
      "net.inet.tcp.fastopen.path_disable_time says how long";
    return { outcome: "unsupported", reason };
  }
  if (synBytes === undefined) {
    const reason = "the kernel did not tell what the SYN carried; before FreeBSD 14 none does";
    return { outcome: "unsupported", reason };
  }
  if (synBytes === 0) return { outcome: "cookie-requested" };
  // Data that a SYN-ACK does not acknowledge are sent again at once.
  return { outcome: info.getUint32(sndRexmitpack, true) === 0 ? "accepted" : "ignored" };
}

/** What a refusal of TCP_FASTOPEN means. */
function reasonOf(errno: string): string {
  if (errno !== "EPERM") return `this kernel does not know Fast Open (${errno})`;
  return "switched off in the kernel; sysctl net.inet.tcp.fastopen.client_enable=1 turns it on";
}
