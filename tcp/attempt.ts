/**
 * One attempt: one address, one socket, until it has proved itself.
 *
 * @module
 */

import { type Address, formatAddress } from "./address.ts";
import { type AttemptFailure, codeOfErrno, type ConnectErrorCode } from "./errors.ts";
import { open, type Opened } from "./open/mod.ts";
import { SystemCallError } from "./socket.ts";
import type { Wire } from "./wire.ts";

/** What an attempt needs to know. */
export interface AttemptOptions {
  /** The first flight, in pieces; may be empty. */
  readonly flight: readonly Uint8Array[];
  readonly fastOpen: boolean;
  /**
   * When the attempt has succeeded. A Fast Open socket looks connected before anything has come
   * back, so a flight that the peer answers is proved by the first byte of that answer; without an
   * answer to wait for, by the three-way handshake.
   */
  readonly until: "first-byte" | "established";
  /** Milliseconds before the attempt is given up. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** A wire, and what has arrived on it before it got its new owner. */
export interface Arrived {
  readonly wire: Wire;
  readonly received: readonly Uint8Array[];
  readonly ended: boolean;
}

/** A connection that stands, and what has arrived on it so far. */
export interface Link {
  readonly opened: Opened;
  readonly address: Address;
  /** `performance.now()` when the SYN had been handed to the kernel. */
  readonly openedAt: number;
  /** `performance.now()` at the moment the attempt succeeded. */
  readonly provedAt: number;
  /** What the new owner of the wire has missed; it owns what arrives from now on. */
  take(): Arrived;
}

/** Why an attempt failed. */
export class AttemptError extends Error {
  readonly failure: AttemptFailure;

  constructor(address: Address, code: ConnectErrorCode, errno?: string, cause?: unknown) {
    super(code, { cause });
    this.failure = { address: formatAddress(address), code, ...(errno ? { errno } : {}) };
  }
}

/** The event loop tells no runtime's adopted socket "connected", so the kernel is asked. */
const ESTABLISHED_POLL = { first: 1, longest: 10 };

/** Makes one attempt. Rejects with `AttemptError` or the signal's reason, and nothing left open. */
export function attempt(address: Address, options: AttemptOptions): Promise<Link> {
  const { promise, resolve, reject } = Promise.withResolvers<Link>();
  const { signal, until } = options;
  if (signal.aborted) return Promise.reject(signal.reason);
  let opened: Opened;
  try {
    opened = open({ address, flight: options.flight, fastOpen: options.fastOpen });
  } catch (error) {
    if (!(error instanceof SystemCallError)) return Promise.reject(error);
    const { errno } = error;
    return Promise.reject(new AttemptError(address, codeOfErrno(errno), errno, error));
  }
  const openedAt = performance.now();
  const { wire } = opened;
  const received: Uint8Array[] = [];
  let ended = false;
  let settled = false;
  let poll: ReturnType<typeof setTimeout> | undefined;

  const settle = () => {
    settled = true;
    clearTimeout(deadline);
    clearTimeout(poll);
    signal.removeEventListener("abort", onAbort);
  };
  const fail = (error: unknown) => {
    if (settled) return;
    settle();
    reject(error);
    wire.destroy();
  };
  const succeed = () => {
    if (settled) return;
    settle();
    const take = () => ({ wire, received, ended });
    resolve({ opened, address, openedAt, provedAt: performance.now(), take });
  };
  const onAbort = () => fail(signal.reason);
  wire.owner = {
    onBytes(borrowed) {
      received.push(new Uint8Array(borrowed)); // A Buffer's slice() is no copy.
      succeed();
    },
    onEnd() {
      ended = true;
      // A peer that closes an established connection without a word has still accepted it.
      if (until === "established") succeed();
      else fail(new AttemptError(address, "CONNECTION_CLOSED"));
    },
    onError(error) {
      fail(new AttemptError(address, codeOfErrno(error.code), error.code, error));
    },
    onClose() {
      ended = true;
      fail(new AttemptError(address, "CONNECTION_CLOSED"));
    },
  };
  signal.addEventListener("abort", onAbort, { once: true });
  const deadline = setTimeout(
    () => fail(new AttemptError(address, "TIMED_OUT")),
    Math.max(1, options.timeout),
  );
  if (until === "established") {
    const look = (delay: number) => {
      if (opened.established()) return succeed();
      poll = setTimeout(look, delay, Math.min(delay * 2, ESTABLISHED_POLL.longest));
    };
    look(ESTABLISHED_POLL.first);
  }
  writeRest(opened, options.flight);
  return promise;
}

/** Writes what the SYN did not take. */
function writeRest({ wire, sent }: Opened, flight: readonly Uint8Array[]): void {
  let skip = sent;
  for (const piece of flight) {
    const rest = piece.subarray(Math.min(skip, piece.length));
    skip -= piece.length - rest.length;
    if (rest.length > 0) wire.socket.write(new Uint8Array(rest)); // The caller may reuse its own soon.
  }
}
