/**
 * Watches whether a listener can accept. Without descriptors it can't, and no runtime says so: Node
 * closes what it can't accept, Bun tries for ever, and Deno stops accepting for good.
 *
 * @module
 */

import type { Server } from "node:net";
import { setInterval } from "node:timers";
import { quoted } from "../../base/authority.ts";
import type { SocketPlatform } from "../../ffi/libc.ts";
import { runtime } from "../../runtimes/mod.ts";
import { ConnectError } from "../errors.ts";
import { descriptorShortage, waitingConnections } from "../kernel/shortage.ts";

/** Milliseconds from one look to the next. */
const INTERVAL = 250;

/** What is watched. */
export interface Watched {
  readonly server: Server;
  readonly backlog: number;
  /** The socket of `server`, if it is known. */
  readonly fd: number | undefined;
  readonly hostname: string;
  readonly port: number;
}

const holders: Readonly<Record<string, string>> = {
  EMFILE: 'this process has no descriptor left; close some, or raise its limit ("ulimit -n")',
  ENFILE: "this system has no descriptor left; close some, or raise its limit (fs.file-max)",
};

/**
 * Calls `onFailure` when descriptors have run out, once until there are some again. Then, and where
 * connections wait that the runtime does not accept, the runtime is told to go on. Ends with `server`.
 */
export function watchAccepting(
  platform: SocketPlatform,
  { server, backlog, fd, hostname, port }: Watched,
  onFailure: (error: ConnectError) => void,
): void {
  let accepted = 0;
  let acceptedBefore = 0;
  let waitedBefore = false;
  let short = false;
  server.on("connection", () => void accepted++);
  const look = () => {
    if (!server.listening) return clearInterval(timer);
    const shortage = descriptorShortage(platform);
    if (shortage !== undefined) {
      const isNew = !short;
      short = true; // Before the call, which may throw.
      if (isNew) onFailure(failure(shortage, { hostname, port }));
      return;
    }
    const waits = fd !== undefined && waitingConnections(platform, fd) > 0;
    const stuck = waits && waitedBefore && accepted === acceptedBefore;
    if (short || stuck) runtime.acceptAgain(server, backlog);
    [short, waitedBefore, acceptedBefore] = [false, waits, accepted];
  };
  const timer = setInterval(look, INTERVAL).unref();
}

function failure(errno: string, at: { hostname: string; port: number }): ConnectError {
  return new ConnectError(
    "SYSTEM_ERROR",
    `No connection can be accepted on ${quoted(at)}: ${holders[errno]} (${errno})`,
    { ...at, errno },
  );
}
