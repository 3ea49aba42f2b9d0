/**
 * Connections by the runtime itself, for platforms without Fast Open or without FFI.
 *
 * @module
 */

import { formatAddress } from "../address.ts";
import { Wire } from "../wire.ts";
import type { Opened, OpenRequest } from "./mod.ts";

/** Opens a plain connection; `reason` says why Fast Open is not available. */
export function openPlain({ address, flight, fastOpen }: OpenRequest, reason: string): Opened {
  const wire = Wire.connect(formatAddress(address), address.port);
  const { socket } = wire;
  const flightBytes = flight.reduce((total, piece) => total + piece.length, 0);
  return {
    wire,
    sent: 0,
    asked: false,
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
