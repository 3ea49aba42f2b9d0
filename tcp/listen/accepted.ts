/**
 * Connections that were just accepted.
 *
 * @module
 */

import type { Socket } from "node:net";
import { platform } from "../../ffi/platform.ts";
import type { ConnFacts } from "../facts.ts";
import { withDescriptor } from "../kernel/descriptor.ts";
import { OUTCOME_UNKNOWN, requireBytes, tcpInfo } from "../kernel/tcp_info.ts";
import type { ListenerFastOpen } from "./enable_fast_open.ts";
import type { FastOpenResult } from "../outcome.ts";

/** What is known of the listener that has accepted a connection. */
interface Accepting {
  /** Whether its owner wants Fast Open. */
  readonly wanted: boolean;
  /** Whether the kernel allowed Fast Open. */
  readonly fastOpen: ListenerFastOpen;
}

/** What the kernel knows of a connection that was just accepted. */
export function acceptedFacts(socket: Socket, accepting: Accepting): ConnFacts {
  const { remoteAddress = "", remotePort = 0, localAddress = "", localPort = 0 } = socket;
  return {
    localAddr: { transport: "tcp", hostname: localAddress, port: localPort },
    remoteAddr: { transport: "tcp", hostname: remoteAddress, port: remotePort },
    fastOpen: acceptedFastOpen(socket, accepting),
  };
}

/** The kernel decides: whoever holds the listening socket may have switched Fast Open on. */
function acceptedFastOpen(socket: Socket, { wanted, fastOpen }: Accepting): FastOpenResult {
  const none = { synBytes: 0, flightBytes: 0 };
  if (!wanted) return { outcome: "disabled", ...none };
  const { enabled, reason = "the listener does not take it" } = fastOpen;
  const without = { outcome: "unsupported", ...none, reason } as const;
  if (platform.fastOpen !== "sendmsg") {
    if (!enabled) return without;
    return { ...without, reason: "this platform does not tell whether the SYN brought data" };
  }
  const table = platform; // An imported binding is not narrowed inside closures.
  const { options, advmss, bytesReceived, dataSegsIn, size } = table.tcpInfo;
  const info = requireBytes(withDescriptor(table, socket, (fd) => tcpInfo(table, fd)), size);
  if (!info) return enabled ? { ...OUTCOME_UNKNOWN, ...none } : without;
  if (!(info.getUint8(options) & table.constants.TCPI_OPT_SYN_DATA)) {
    if (!enabled) return without;
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
