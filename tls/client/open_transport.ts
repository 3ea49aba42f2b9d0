/**
 * Transports that somebody else opens, once it is known where to.
 *
 * @module
 */

import { badOption } from "../../base/option_errors.ts";
import { rejectOnAbort, withDeadline } from "../../tcp/dial/deadline.ts";
import { formatAddress } from "../../tcp/name/address.ts";
import type { DialOptions, DialSettings } from "../../tcp/options.ts";
import type { Kept } from "../../tcp/wire/keep.ts";
import {
  type AnyTransport,
  closeTransport,
  isTransport,
  type Transport,
  transportOf,
} from "../transport.ts";

/** Where to open a transport to, and how: what `connect` takes. The signal aborts when nobody wants it any more. */
export type TransportWanted = DialOptions & { readonly signal: AbortSignal };

/**
 * Opens what TLS is to be started on. It has said in the clear all that is to be said there, and has read
 * all that was answered.
 */
export type OpenTransport = (wanted: TransportWanted) => AnyTransport | Promise<AnyTransport>;

/** A transport, and the milliseconds that are left for the handshake. */
export interface OpenedTransport {
  readonly via: Transport;
  readonly connectTimeout: number;
}

/**
 * Has a transport opened. One that comes too late is closed.
 *
 * @throws {ConnectError} `TIMED_OUT` when it takes too long; the signal's reason when that aborts
 * @throws what `open` throws
 */
export async function openTransport(
  open: OpenTransport,
  settings: DialSettings & Kept,
): Promise<OpenedTransport> {
  const startedAt = performance.now();
  const { hostname, port, connectTimeout } = settings;
  return await withDeadline(settings, async (deadline) => {
    deadline.stage = "what TLS is to be started on was still being opened";
    const { signal } = deadline;
    const opening = callOpen(open, { ...wantedOf(settings), signal });
    const opened = await rejectOnAbort(opening, signal).catch((error) => {
      if (signal.aborted) opening.then(closeTransport, () => {});
      throw error;
    });
    return {
      via: transportOf(opened, { hostname, port }),
      connectTimeout: Math.max(1, connectTimeout - (performance.now() - startedAt)),
    };
  });
}

/** Calls the function, and looks at what it answers. */
async function callOpen(open: OpenTransport, wanted: TransportWanted): Promise<AnyTransport> {
  const opened: unknown = await open(wanted);
  if (isTransport(opened)) return opened as AnyTransport;
  const expectation = "a function that returns a stream of bytes, a TcpConn or a TlsConn";
  const { hostname, port } = wanted;
  throw badOption("socket", expectation, opened, { hostname, port });
}

function wantedOf(settings: DialSettings): DialOptions {
  const { hostname, port, fastOpen, family, localAddress, lookup, connectTimeout } = settings;
  return {
    ...{ hostname, port, fastOpen, family, connectTimeout },
    ...(localAddress ? { localAddress: formatAddress(localAddress) } : {}),
    ...(lookup ? { lookup } : {}),
  };
}
