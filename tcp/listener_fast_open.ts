/**
 * Fast Open for listeners, whoever made them.
 *
 * @module
 */

import type { SocketPlatform } from "../ffi/libc.ts";
import { platform } from "../ffi/platform.ts";
import { findListening } from "./descriptor.ts";
import { ConnectError } from "./errors.ts";
import { mustBe } from "./options.ts";
import { setOption } from "./socket.ts";
import { serverSwitch } from "./switches.ts";

/** Whether a listener takes data in the SYN from now on. */
export interface ListenerFastOpen {
  /** Whether it does. */
  readonly enabled: boolean;
  /** Why it does not, or what stands in the way, in words. */
  readonly reason?: string;
}

/** Anything that listens: `Deno.serve`, `Bun.serve`, `net.Server` and `http.Server`, or its port. */
export type AnyListener =
  | { readonly port: number; readonly hostname?: string }
  | { readonly addr: { readonly port: number; readonly hostname?: string } | object }
  | { address(): { port: number; address: string } | string | null };

/** Options of {@linkcode enableFastOpen}. */
export interface EnableFastOpenOptions {
  /** Connections that may wait for the last ACK of their handshake. Default 256. */
  queueLength?: number;
}

/**
 * Lets a listener of this process take data in the SYN (RFC 7413), without changing how it is used.
 *
 * ```ts
 * import { enableFastOpen } from "@firstflight/tls";
 * import { createServer } from "node:net";
 *
 * const server = createServer().listen(0, "127.0.0.1");
 * await new Promise((resolve) => server.once("listening", resolve));
 * console.log(enableFastOpen(server).enabled); // true on Linux
 * server.close();
 * ```
 *
 * @throws {ConnectError} when nothing in this process listens there
 */
export function enableFastOpen(
  listener: AnyListener,
  options: EnableFastOpenOptions = {},
): ListenerFastOpen {
  const { hostname, port } = addressOf(listener);
  if (typeof options !== "object" || options === null) {
    throw new ConnectError("INVALID_OPTION", mustBe("options", "an object", options, "Argument"));
  }
  const { queueLength = 256 } = options;
  if (!Number.isInteger(queueLength) || queueLength < 1 || queueLength > 65_535) {
    const expectation = "an integer from 1 to 65535";
    throw new ConnectError("INVALID_OPTION", mustBe("queueLength", expectation, queueLength));
  }
  if (platform.fastOpen === "none") return { enabled: false, reason: platform.reason };
  const table: SocketPlatform = platform; // An imported binding is not narrowed inside closures.
  const found = findListening(table, port, hostname);
  if (found.length === 0) {
    throw new ConnectError(
      "SYSTEM_ERROR",
      `Could not enable Fast Open: no socket of this process listens on port ${port}`,
      { port, ...(hostname === undefined ? {} : { hostname }) },
    );
  }
  const { IPPROTO_TCP, TCP_FASTOPEN } = table.constants;
  // BSD's family knows only on and off, and refuses the option where the kernel's switch is off.
  const value = table.fastOpen === "sendmsg" ? queueLength : 1;
  const set = found.every((fd) => setOption(table, fd, IPPROTO_TCP, TCP_FASTOPEN, value));
  const { on, reason } = serverSwitch(table);
  if (on === false) return { enabled: false, reason };
  return set ? { enabled: true } : { enabled: false, reason: "the kernel refused TCP_FASTOPEN" };
}

function addressOf(listener: AnyListener): { hostname: string | undefined; port: number } {
  const given: unknown = typeof listener !== "object" || listener === null
    ? undefined
    : "addr" in listener
    ? listener.addr
    : "address" in listener && typeof listener.address === "function"
    ? listener.address()
    : listener;
  const { port, hostname, address } = (given ?? {}) as Record<string, unknown>;
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65_535) {
    const expectation = "a listener that listens, or its { port, hostname }";
    throw new ConnectError("INVALID_OPTION", mustBe("listener", expectation, listener, "Argument"));
  }
  const host = hostname === undefined ? address : hostname;
  if (host !== undefined && typeof host !== "string") {
    throw new ConnectError("INVALID_OPTION", mustBe("hostname", "a string", host));
  }
  // A name such as "localhost" says nothing about the address that was bound.
  return { hostname: host !== undefined && /^[\d.]+$|:/.test(host) ? host : undefined, port };
}
