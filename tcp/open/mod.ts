/**
 * Opens one TCP connection to one address, its first flight in the SYN where the platform can.
 *
 * Every mechanism file defines the same function; no caller asks which platform this is.
 *
 * @module
 */

import { platform } from "../../ffi/platform.ts";
import type { Address } from "../address.ts";
import type { FastOpenResult } from "../outcome.ts";
import type { Wire } from "../wire.ts";
import { openPlain } from "./plain.ts";
import { openSendmsg } from "./sendmsg.ts";

/** A first flight on its way to one address. */
export interface Opened {
  /** The connection; may still be connecting. */
  readonly wire: Wire;
  /** How many bytes of the flight are under way; the rest is the caller's to write. */
  readonly sent: number;
  /** Whether the SYN has anything of Fast Open in it: data, or the question for a cookie. */
  readonly asked: boolean;
  /** Whether the three-way handshake is over. Cheap enough to ask often. */
  established(): boolean;
  /** What became of Fast Open; final once {@linkcode Opened.established}. */
  fastOpen(): FastOpenResult;
  /** The local end; known once {@linkcode Opened.established}. */
  localAddress(): Address | undefined;
}

/** How to open. */
export interface OpenRequest {
  readonly address: Address;
  /** The first flight, in pieces; may be empty. */
  readonly flight: readonly Uint8Array[];
  readonly fastOpen: boolean;
}

/** Opens a connection. Throws `SystemCallError` when that fails at once; nothing is left open. */
export function open(request: OpenRequest): Opened {
  switch (platform.fastOpen) {
    case "sendmsg":
      return openSendmsg(platform, request);
    // connectx and sendto are declared in ffi/ and not yet used: a plain connection, and it says so.
    case "connectx":
    case "sendto":
      return openPlain(request, `Fast Open by ${platform.fastOpen} is not implemented yet`);
    case "none":
      return openPlain(request, platform.reason);
  }
}
