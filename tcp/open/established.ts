/**
 * Waiting for the end of the three-way handshake.
 *
 * No runtime's event loop reports that an adopted socket is connected, so the kernel is polled.
 *
 * @module
 */

import { clearTimeout, setTimeout } from "node:timers";
import type { Keep } from "../wire/keep.ts";
import type { Opened } from "./request.ts";

/** Milliseconds until the next look. The delay doubles up to the longest. */
const FIRST_DELAY = 1;
const LONGEST_DELAY = 10;

/**
 * Calls `onEstablished` once the handshake is over, and never after the socket is destroyed.
 *
 * @returns a function that ends the wait
 */
export function pollEstablished(
  { wire: { socket }, established }: Pick<Opened, "wire" | "established">,
  onEstablished: () => void,
  keep?: Keep,
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let letGo: (() => void) | undefined;
  const look = (delay: number) => {
    letGo?.();
    if (established()) return onEstablished();
    if (socket.destroyed) return;
    timer = setTimeout(look, delay, Math.min(delay * 2, LONGEST_DELAY));
    letGo = keep?.add(timer);
  };
  look(FIRST_DELAY);
  return () => {
    clearTimeout(timer);
    letGo?.();
  };
}
