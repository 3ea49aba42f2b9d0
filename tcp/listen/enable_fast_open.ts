/**
 * Fast Open for listeners, also for those of other libraries.
 *
 * @module
 */

import { badArgument } from "../../base/option_errors.ts";
import { defaulted, integer, readOptions, type Rules } from "../../base/options.ts";
import { libc, type SocketPlatform } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform.ts";
import { isClusterWorker } from "../../runtimes/mod.ts";
import { ConnectError } from "../errors.ts";
import { findListening, isListening, withDescriptor } from "../kernel/descriptor.ts";
import { setOption } from "../kernel/socket.ts";
import { serverSwitch } from "../kernel/switches.ts";
import { parseAddress } from "../name/address.ts";

/** Whether a listener takes data in the SYN from now on. */
export interface ListenerFastOpen {
  /** Whether the listener takes data in the SYN. */
  readonly enabled: boolean;
  /** Why the listener does not, in words. */
  readonly reason?: string;
}

/** Anything that listens, such as a server of `Deno.serve`, `Bun.serve` or `net`, or its port. */
export type AnyListener =
  | { readonly port: number; readonly hostname?: string }
  | { readonly addr: { readonly port: number; readonly hostname?: string } | object }
  | { address(): { port: number; address: string } | string | null };

/** Options of {@linkcode enableFastOpen}. */
export interface EnableFastOpenOptions {
  /** Connections that may wait for their handshake's last ACK. Default 256; used on Linux only. */
  queueLength?: number;
}

/** What a worker is told. */
export const PRIMARY_LISTENS =
  "the primary process of node:cluster listens for its workers: call enableFastOpen there";

/** Default of {@linkcode EnableFastOpenOptions.queueLength}. */
const QUEUE_LENGTH = 256;

const rules: Rules<{ queueLength: number }> = {
  queueLength: defaulted(integer(1, 65_535), QUEUE_LENGTH),
};

/**
 * Lets a listener of this process take data in the SYN (RFC 7413), without changing how it is used.
 * For workers of `node:cluster` the primary process listens: call it there, with the port.
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
 * @throws {OptionError} when an option is wrong, or `listener` does not listen
 * @throws {ConnectError} `NOT_LISTENING` when nothing in this process listens there
 */
export function enableFastOpen(
  listener: AnyListener,
  options: EnableFastOpenOptions = {},
): ListenerFastOpen {
  const { hostname, port } = addressOf(listener);
  const { queueLength } = readOptions(options, rules);
  if (platform.fastOpen === "none") return { enabled: false, reason: platform.reason };
  const table: SocketPlatform = platform; // An imported binding is not narrowed inside closures.
  try {
    libc(table);
  } catch (error) {
    return { enabled: false, reason: `libc can't be called: ${(error as Error).message}` };
  }
  // A search takes milliseconds, which many listeners at once would wait for, one after another.
  const own = withDescriptor(table, listener, (fd) => {
    return isListening(table, fd, port) ? switchOn(table, [fd], queueLength) : undefined;
  });
  if (own) return own;
  const found = findListening(table, port, hostname);
  if (found.length === 0) {
    const advice = isClusterWorker() ? PRIMARY_LISTENS : "enable it once the listener listens";
    throw new ConnectError(
      "NOT_LISTENING",
      `Could not enable Fast Open: no socket of this process listens on port ${port}` +
        (hostname === undefined ? "" : ` of ${hostname}`) + `; ${advice}`,
      { port, ...(hostname === undefined ? {} : { hostname }) },
    );
  }
  return switchOn(table, found, queueLength);
}

/** Lets listening sockets take data in the SYN, as far as the kernel does. */
export function switchOn(
  table: SocketPlatform,
  descriptors: readonly number[],
  queueLength: number = QUEUE_LENGTH,
): ListenerFastOpen {
  const { IPPROTO_TCP, TCP_FASTOPEN } = table.constants;
  // BSD and macOS know only on and off, and refuse the option if the kernel's switch is off.
  const value = table.fastOpen === "sendmsg" ? queueLength : 1;
  const set = descriptors.every((fd) => setOption(table, fd, IPPROTO_TCP, TCP_FASTOPEN, value));
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
  const { port, hostname, address: bound } = (given ?? {}) as Record<string, unknown>;
  if (typeof port !== "number" || !Number.isInteger(port) || port < 1 || port > 65_535) {
    const expectation = "a listener that listens, or its { port, hostname }";
    throw badArgument("listener", expectation, listener);
  }
  const host = hostname === undefined ? bound : hostname;
  if (host !== undefined && typeof host !== "string") {
    throw badArgument("hostname", "a string", host);
  }
  // A name such as "localhost" does not tell which address was bound.
  const address = host === undefined
    ? undefined
    : parseAddress(host.replace(/^\[(.*)\]$/, "$1"), port);
  return { hostname: address?.ip, port };
}
