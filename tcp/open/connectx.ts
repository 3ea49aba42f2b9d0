/**
 * macOS: connect and send in one `connectx` with an iovec.
 *
 * Never run, but checked against XNU 11417's sources, which say what `connectx` and
 * TCP_CONNECTION_INFO do. `npm run check:abi` proves the constants, layouts and signatures against
 * Apple's headers.
 *
 * @module
 */

import type { darwin } from "../../ffi/darwin.ts";
import { libc } from "../../ffi/libc.ts";
import { withPinned } from "../../ffi/pin.ts";
import { runtime } from "../../runtimes/mod.ts";
import { sockaddrOf, socketFrom } from "../kernel/socket.ts";
import {
  bitsOf,
  OUTCOME_UNKNOWN,
  pathMeasures,
  requireBytes,
  tcpConnectionInfo,
} from "../kernel/tcp_info.ts";
import { adoptOpened, holdUntilEstablished } from "./adopted.ts";
import { upTo, withGathered } from "./gather.ts";
import { openPlain } from "./plain.ts";
import { lengthOf, type Opened, type OpenRequest, outcomeIfNotTried } from "./request.ts";
import type { FastOpenResult } from "../outcome.ts";
import { synRoom } from "../paths/syn_room.ts";

type Darwin = typeof darwin;

/** Opens a connection with the beginning of the flight in the SYN, where there is a cookie. */
export function openConnectx(platform: Darwin, request: OpenRequest): Opened {
  if (outcomeIfNotTried(request)) return openPlain(request);
  const { address, from } = request;
  const sockaddr = sockaddrOf(platform, address);
  const fd = socketFrom(platform, address.family, from);
  // With one byte too many, the kernel does not use Fast Open at all.
  const pieces = upTo(synRoom(address, from), request.flight);
  const sent = connectWith(platform, fd, sockaddr, pieces);
  if (sent === 0) {
    const { call, errno } = libc(platform);
    const why = `the kernel refused connectx with ${errno()}`;
    call.close(fd);
    return openPlain(request, why); // If that fails too, it reports the error itself.
  }
  const { tfoCookieReq, tfoSynDataSent } = platform.tcpConnectionInfoBits;
  const readInfo = () =>
    requireBytes(tcpConnectionInfo(platform, fd), platform.tcpConnectionInfo.size);
  const info = readInfo();
  const carried = info !== undefined && bitsOf(info, tfoSynDataSent) === 1;
  const requested = info !== undefined && bitsOf(info, tfoCookieReq) === 1;
  const opened = adoptOpened(platform, request, {
    fd,
    sent,
    synBytes: carried ? sent : 0,
    usesFastOpen: carried || requested,
    account: () => accountOf(platform, readInfo()),
  });
  if (sent < lengthOf(request.flight)) holdUntilEstablished(opened);
  return opened;
}

/**
 * Starts connecting `fd`; returns how many bytes the kernel has taken, 0 when it refuses.
 *
 * The call would block until the handshake is over, and every function that makes a socket
 * non-blocking has variadic arguments. But `connectx` waits no longer than the socket's send
 * timeout, and still takes and counts the data. Adoption then makes the socket non-blocking.
 */
function connectWith(
  platform: Darwin,
  fd: number,
  sockaddr: Uint8Array,
  pieces: readonly Uint8Array[],
): number {
  const { constants, saEndpoints, timeval } = platform;
  const { SOL_SOCKET, SO_SNDTIMEO, SAE_ASSOCID_ANY, CONNECT_DATA_IDEMPOTENT } = constants;
  const { call } = libc(platform);
  const timeout = new Uint8Array(timeval.size);
  new DataView(timeout.buffer).setInt32(timeval.usec, 1, true);
  call.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, timeout, timeout.length);
  const endpoints = new Uint8Array(saEndpoints.size);
  const view = new DataView(endpoints.buffer);
  const taken = new BigUint64Array(1);
  withPinned([sockaddr], () =>
    withGathered(platform, pieces, (iov, count) => {
      view.setBigUint64(saEndpoints.dstaddr, runtime.addressOf(sockaddr), true);
      view.setUint32(saEndpoints.dstaddrlen, sockaddr.length, true);
      const flags = CONNECT_DATA_IDEMPOTENT;
      const sent = new Uint8Array(taken.buffer);
      call.connectx(fd, endpoints, SAE_ASSOCID_ANY, flags, iov, count, sent, null);
    }));
  return Number(taken[0]);
}

function accountOf(
  platform: Darwin,
  info: DataView | undefined,
): Omit<FastOpenResult, "synBytes" | "flightBytes"> {
  if (!info) return OUTCOME_UNKNOWN;
  const { tcpConnectionInfo: { options, maxseg, srtt }, constants } = platform;
  const timestamps = (info.getUint32(options, true) & constants.TCPCI_OPT_TIMESTAMPS) !== 0;
  return {
    ...outcomeOf(platform, info),
    ...pathMeasures(info.getUint32(srtt, true), info.getUint32(maxseg, true), timestamps),
  };
}

function outcomeOf(
  { tcpConnectionInfoBits: bits }: Darwin,
  info: DataView,
): Pick<FastOpenResult, "outcome" | "reason"> {
  const is = (name: keyof typeof bits) => bitsOf(info, bits[name]) === 1;
  if (is("tfoSynDataAcked")) return { outcome: "accepted" };
  if (is("tfoSynDataSent")) return { outcome: is("tfoSynLoss") ? "blocked" : "ignored" };
  if (is("tfoCookieReq")) return { outcome: "cookie-requested" };
  if (is("tfoHeuristicsDisable")) {
    const reason =
      "SYNs were lost on this network before; the kernel spares it Fast Open for a while";
    return { outcome: "blocked", reason };
  }
  const reason =
    "the kernel did without; sysctl net.inet.tcp.fastopen says whether it is allowed to";
  return { outcome: "unsupported", reason };
}
