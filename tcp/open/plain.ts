/**
 * Connections by the runtime itself, for platforms without Fast Open or without FFI.
 *
 * @module
 */

import { connect } from "node:net";
import { formatAddress } from "../address.ts";
import type { Opened, OpenRequest } from "./mod.ts";

/** Opens a plain connection; `reason` says why Fast Open is not available. */
export function openPlain({ address, flight, fastOpen }: OpenRequest, reason: string): Opened {
  const host = formatAddress(address);
  const socket = connect({ host, port: address.port, noDelay: true, allowHalfOpen: true });
  const flightBytes = flight.reduce((total, piece) => total + piece.length, 0);
  return {
    socket,
    sent: 0,
    established: () => !socket.connecting,
    fastOpen: () => ({
      outcome: fastOpen ? "unsupported" : "disabled",
      synBytes: 0,
      flightBytes,
      ...(fastOpen ? { reason } : {}),
    }),
    localAddress() {
      const { localAddress: ip, localPort: port, localFamily } = socket;
      if (ip === undefined || port === undefined) return undefined;
      return { ip, port, family: localFamily === "IPv6" ? 6 : 4 };
    },
  };
}
