/**
 * Opens one TCP connection to one address, with its first flight in the SYN where the platform can.
 *
 * Every mechanism file defines the same function, so no caller asks which platform this is.
 *
 * @module
 */

import { libc } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform.ts";
import { openConnectx } from "./connectx.ts";
import { openPlain } from "./plain.ts";
import type { Opened, OpenRequest } from "./request.ts";
import { openSendmsg } from "./sendmsg.ts";
import { openSendto } from "./sendto.ts";

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
