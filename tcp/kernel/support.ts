/**
 * How far this machine supports Fast Open.
 *
 * @module
 */

import { platform } from "../../ffi/platform.ts";
import { clientSwitch, serverSwitch } from "./switches.ts";

/** What `fastOpenSupport` found out about TCP. */
export interface TcpFastOpenSupport {
  /** Whether connections can carry data in their SYN. */
  readonly client: boolean;
  /** Whether listeners can take data from a SYN; `undefined` if that is not known. */
  readonly server: boolean | undefined;
  /** The system call that sends data in the SYN. */
  readonly mechanism: "sendmsg" | "connectx" | "sendto" | "none";
  /** Why `client` or `server` is not `true`, and what to do. */
  readonly reason?: string;
}

/** Asks the kernel whether it supports Fast Open. Sends nothing. */
export function tcpFastOpenSupport(): TcpFastOpenSupport {
  const unsupported = { client: false, server: false, mechanism: platform.fastOpen };
  if (platform.fastOpen === "none") return { ...unsupported, reason: platform.reason };
  try {
    const client = clientSwitch(platform);
    const server = serverSwitch(platform);
    const lacking = [client, server].find(({ on }) => on !== true);
    return {
      client: client.on === true,
      server: server.on,
      mechanism: platform.fastOpen,
      ...(lacking ? { reason: lacking.reason } : {}),
    };
  } catch (error) {
    return { ...unsupported, reason: `libc can't be called: ${(error as Error).message}` };
  }
}
