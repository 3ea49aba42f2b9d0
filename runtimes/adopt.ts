/**
 * Adopts a descriptor by `net.Socket`'s constructor, in the runtimes whose `node:net` can do that.
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
    // Reusing one buffer costs half as much as "data" events, which have a new buffer each.
    onread: {
      buffer: new Uint8Array(READ_SIZE),
      callback: (length, buffer) => {
        receive(buffer.subarray(0, length));
        return true;
      },
    },
  });
}
