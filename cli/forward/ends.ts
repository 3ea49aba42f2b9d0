/**
 * How the connection of a client ends where the target's was cut: by a reset, so that nobody takes a part
 * for the whole. What had arrived by then is delivered first.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";
import { runtime } from "../../runtimes/mod.ts";

/** Milliseconds from one look at the send queue to the next: the first, and the longest. */
const FIRST_LOOK = 5;
const LONGEST_LOOK = 200;

/** Milliseconds without progress after which a client is not waited for any longer. */
const PATIENCE = 30_000;

/** Milliseconds that are waited where the kernel tells nothing of its queue. */
const BLIND = 1_000;

/** Milliseconds for a client to hang up after the last word. */
const LAST_WORD = 2_000;

/** Resets the connection once the client's kernel has everything that was written to it. */
export async function resetDelivered(near: Socket): Promise<void> {
  near.on("error", () => {}); // It has gone by itself.
  near.resume(); // What else it says is for nobody.
  let left = Infinity;
  let progressAt = performance.now();
  for (let pause = FIRST_LOOK; !near.destroyed; pause = Math.min(2 * pause, LONGEST_LOOK)) {
    const queued = near.writableLength + (queueOf(near) ?? 0);
    if (queued === 0) break;
    if (queued < left) [left, progressAt] = [queued, performance.now()];
    if (performance.now() - progressAt > PATIENCE) break;
    await sleep(pause);
  }
  if (!near.destroyed && queueOf(near) === undefined) await sleep(BLIND);
  reset(near);
}

/** Says a last word, which the client has some time to read. Resolves when the connection is closed. */
export async function endWith(near: Socket, text: string): Promise<void> {
  if (near.destroyed) return;
  const closed = new Promise((resolve) => void near.once("close", resolve));
  const timer = setTimeout(() => near.destroy(), LAST_WORD);
  near.end(text);
  near.resume(); // A connection that is closed over unread data is reset, and the word is lost.
  await closed;
  clearTimeout(timer);
}

/** Closes at once: by a reset over TCP. A unix socket knows none, and ends. */
export function reset(near: Socket): void {
  if (near.destroyed) return;
  if (near.remotePort === undefined) near.destroy();
  else near.resetAndDestroy();
}

/**
 * Bytes that the kernel has taken and the client's kernel has not acknowledged; `undefined` where it does not
 * tell. Those of a unix socket are the client's at once.
 */
function queueOf({ localPort, remotePort }: Socket): number | undefined {
  if (localPort === undefined || remotePort === undefined) return 0;
  const tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(readTable).filter((text) => text !== "");
  if (tables.length === 0) return undefined;
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, "0");
  const ends = `:${hex(localPort)} [0-9A-F]+:${hex(remotePort)} [0-9A-F]{2} ([0-9A-F]+):`;
  const [, queued = "0"] = tables.map((text) => new RegExp(ends).exec(text)).find(Boolean) ?? [];
  return parseInt(queued, 16);
}

/** The kernel's table of sockets. Never prompts for the permission. */
function readTable(path: string): string {
  if (!runtime.mayAccess(path, "read")) return "";
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
