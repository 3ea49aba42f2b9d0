/**
 * Opens one TCP connection to one address, its first flight in the SYN where the platform can.
 *
 * Every mechanism file defines the same function; no caller asks which platform this is.
 *
 * @module
 */

import { libc } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform.ts";
import type { Address } from "../address.ts";
import type { FastOpenResult } from "../outcome.ts";
import type { Wire } from "../wire.ts";
import { openConnectx } from "./connectx.ts";
import { openPlain } from "./plain.ts";
import type { OpenRequest } from "./request.ts";
import { openSendmsg } from "./sendmsg.ts";
import { openSendto } from "./sendto.ts";

/** A first flight on its way to one address. */
export interface Opened {
  /** The connection; may still be connecting. */
  readonly wire: Wire;
  /** How many bytes of the flight the kernel has taken; the rest is the caller's to write. */
  readonly sent: number;
  /** How many of those the SYN carries. */
  readonly synBytes: number;
  /** Whether the SYN has anything of Fast Open in it: data, or the question for a cookie. */
  readonly asked: boolean;
  /** Whether the three-way handshake is over. Cheap enough to ask often. */
  established(): boolean;
  /** What became of Fast Open; final once {@linkcode Opened.established}. */
  fastOpen(): FastOpenResult;
  /** The local end; known once {@linkcode Opened.established}. */
  localAddress(): Address | undefined;
}

/** Opens a connection. Throws `SystemCallError` when that fails at once; nothing is left open. */
export function open(request: OpenRequest): Opened {
  if (platform.fastOpen === "none") return openPlain(request, platform.reason);
  try {
    libc(platform);
  } catch (error) {
    return openPlain(request, `libc can't be called: ${(error as Error).message}`);
  }
  switch (platform.fastOpen) {
    case "sendmsg":
      return openSendmsg(platform, request);
    case "connectx":
      return openConnectx(platform, request);
    case "sendto":
      return openSendto(platform, request);
  }
}
