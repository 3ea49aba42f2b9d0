/**
 * What a client sends first, before it is joined to anything.
 *
 * @module
 */

import type { Socket } from "node:net";
import { clearTimeout, setTimeout } from "node:timers";
import { afterReading } from "../../base/turns.ts";

/** Milliseconds that a client may take for its first bytes, before it is connected without. */
export const MOMENT = 50;

/**
 * What the client sends next, which leaves it paused; `undefined` where that is nothing for so many
 * milliseconds, `null` where the client has ended.
 */
export function nextChunk(near: Socket, patience: number): Promise<Uint8Array | null | undefined> {
  if (near.destroyed || near.readableEnded) return Promise.resolve(null);
  return new Promise((resolve) => {
    let isOver = false;
    const finish = (chunk: Uint8Array | null | undefined) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      near.pause();
      near.off("data", finish).off("end", gone).off("close", gone);
      resolve(chunk);
    };
    const gone = () => finish(null);
    const timer = setTimeout(() => afterReading(() => finish(undefined)), patience);
    near.on("data", finish).on("end", gone).on("close", gone).resume();
  });
}
