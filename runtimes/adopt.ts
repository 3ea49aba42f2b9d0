/**
 * Adoption by `net.Socket`'s constructor, where a runtime's `node:net` has it.
 *
 * @module
 */

import { Socket } from "node:net";
import { READ_SIZE } from "./runtime.ts";

/** Adopts `fd`; see `Runtime.adopt`. */
export function adoptBySocket(fd: number, receive: (borrowed: Uint8Array) => void): Socket {
  return new Socket({
    fd,
    readable: true,
    writable: true,
    allowHalfOpen: true,
    // One buffer over and over costs half of what "data" events with one buffer each do.
    onread: {
      buffer: new Uint8Array(READ_SIZE),
      callback: (length, buffer) => {
        receive(buffer.subarray(0, length));
        return true;
      },
    },
  });
}
