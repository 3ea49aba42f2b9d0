/**
 * Connections that the runtime itself opens: on platforms without Fast Open or without FFI, and
 * wherever a mechanism has nothing to add.
 *
 * @module
 */

import { connect } from "node:net";
import { ownCall } from "../../base/own_call.ts";
import { runtime } from "../../runtimes/mod.ts";
import { SystemCallError } from "../kernel/socket.ts";
import { formatAddress, parseAddress } from "../name/address.ts";
import { lengthOf, type Opened, type OpenRequest, outcomeIfNotTried } from "./request.ts";
import type { FastOpenResult } from "../outcome.ts";
import { Wire } from "../wire/wire.ts";

/** Opens a plain connection; `reason` says why Fast Open is not available, if it is wanted. */
export function openPlain(request: OpenRequest, reason?: string): Opened {
  const { address, from, flight } = request;
  // Deno's own sockets can't be bound to a scope, and blame a permission where it does not exist.
  const takesScope = runtime.name !== "deno";
  if (from?.scope !== undefined && !takesScope) throw new SystemCallError("bind", "EINVAL");
  const socket = connect({
    host: formatAddress(address),
    port: address.port,
    ...(from ? { localAddress: formatAddress(from) } : {}),
    noDelay: true,
    allowHalfOpen: true,
    ...ownCall,
  });
  // Bytes written in this turn are sent together. The runtime chooses between writev and joining.
  socket.cork();
  queueMicrotask(() => socket.uncork());
  return {
    wire: Wire.over(socket),
    sent: 0,
    synBytes: 0,
    usesFastOpen: false,
    established: () => !socket.connecting && !socket.destroyed,
    delivered: () => undefined,
    fastOpen: () => ({
      ...outcomeOf(request, reason),
      synBytes: 0,
      flightBytes: lengthOf(flight),
    }),
    localAddress() {
      const { localAddress: text = "", localPort: port = 0 } = socket;
      return parseAddress(text, port); // A link-local address may come with its scope.
    },
  };
}

function outcomeOf(
  request: OpenRequest,
  reason: string | undefined,
): Pick<FastOpenResult, "outcome" | "reason"> {
  const missing = request.fastOpen && reason !== undefined;
  if (missing) return { outcome: "unsupported", reason };
  return outcomeIfNotTried(request) ?? { outcome: "unsupported" };
}
