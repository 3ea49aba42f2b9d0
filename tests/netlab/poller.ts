/**
 * ppoll(2): waits for descriptors. Its timeout is in nanoseconds, that of poll(2) in milliseconds.
 *
 * @module
 */

import { libc } from "./libc.ts";

export const POLLIN = 0x001;
export const POLLOUT = 0x004;
/** POLLERR, POLLHUP and POLLNVAL, which are reported even if not asked for. */
export const POLLGONE: number = 0x008 | 0x010 | 0x020;

export class Poller {
  // struct pollfd { int fd; short events; short revents; }
  readonly #fds: Int32Array;
  readonly #events: Int16Array;
  readonly #bytes: Uint8Array;
  readonly #count: bigint;
  // struct timespec { time_t tv_sec; long tv_nsec; }
  readonly #timeout = new BigInt64Array(2);
  readonly #timeoutBytes = new Uint8Array(this.#timeout.buffer);

  /** @param fds the descriptors to watch; later calls name them by their index here. */
  constructor(fds: readonly number[]) {
    this.#fds = new Int32Array(fds.length * 2);
    this.#events = new Int16Array(this.#fds.buffer);
    this.#bytes = new Uint8Array(this.#fds.buffer);
    this.#count = BigInt(fds.length);
    fds.forEach((fd, index) => this.#fds[index * 2] = fd);
  }

  watch(index: number, events: number): void {
    this.#events[index * 4 + 2] = events;
  }

  /** Blocks until something happens or `ms` have passed; `Infinity` waits for ever. */
  wait(ms: number): void {
    if (ms !== Infinity) {
      const ns = Math.max(0, Math.round(ms * 1e6));
      this.#timeout[0] = BigInt(Math.floor(ns / 1e9));
      this.#timeout[1] = BigInt(ns % 1e9);
    }
    const result = libc.ppoll(
      this.#bytes,
      this.#count,
      ms === Infinity ? null : this.#timeoutBytes,
      null,
    );
    // Interrupted: the kernel has filled in nothing, so the fields still hold an earlier call's
    // events.
    if (result < 0) { for (let i = 3; i < this.#events.length; i += 4) this.#events[i] = 0; }
  }

  happened(index: number): number {
    return this.#events[index * 4 + 3]!;
  }
}
