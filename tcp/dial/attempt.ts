/**
 * One attempt: one socket on one way, until the peer has answered or the attempt has failed.
 *
 * @module
 */

import { type AttemptFailure, codeOfErrno, type ConnectErrorCode } from "../errors.ts";
import { SystemCallError } from "../kernel/socket.ts";
import { type Address, bytesOfIp, formatAddress } from "../name/address.ts";
import { pollEstablished } from "../open/established.ts";
import { open } from "../open/mod.ts";
import type { Opened, OpenRequest } from "../open/request.ts";
import type { Kept } from "../wire/keep.ts";
import type { Arrived } from "../wire/arrived.ts";

/** What an attempt needs to know. */
export interface AttemptOptions extends Kept {
  /** The local address to connect from; `undefined` leaves it to the kernel. */
  readonly from: Address | undefined;
  /** The first flight, in pieces; may be empty. */
  readonly flight: readonly Uint8Array[];
  readonly fastOpen: boolean;
  /**
   * When the attempt has succeeded. A Fast Open socket looks connected before anything has come
   * back. If the peer answers the flight, the first byte of the answer proves the attempt. If no
   * answer is expected, the three-way handshake proves it.
   */
  readonly until: "first-byte" | "established";
  /** Called once, unless the attempt is cancelled before. */
  readonly onEnd: (end: Arrived | AttemptError) => void;
}

/** An attempt under way. */
export interface Attempt {
  readonly opened: Opened;
  /** Closes the connection; `onEnd` is not called any more. */
  cancel(): void;
}

/** Why an attempt failed. */
export class AttemptError extends Error {
  readonly failure: AttemptFailure;

  constructor(address: Address, code: ConnectErrorCode, errno?: string, cause?: unknown) {
    super(code, { cause });
    this.failure = { address: formatAddress(address), code, ...(errno ? { errno } : {}) };
  }
}

/** Starts an attempt. Throws `AttemptError` when that fails at once; nothing is left open then. */
export function attempt(address: Address, options: AttemptOptions): Attempt {
  const { from, flight, fastOpen, until, keep } = options;
  const opened = openOrThrow({ address, from, flight, fastOpen });
  const { wire } = opened;
  const letGo = keep?.add(wire.socket); // One that wins is kept: its handshake is still to come.
  const received: Uint8Array[] = [];
  let ended = false;
  let settled = false;
  let stopPolling: (() => void) | undefined;

  const settle = () => {
    settled = true;
    stopPolling?.();
  };
  const fail = (code: ConnectErrorCode, error?: Error & { code?: string }) => {
    if (settled) return;
    settle();
    letGo?.();
    wire.destroy();
    options.onEnd(new AttemptError(address, code, error?.code, error));
  };
  const succeed = () => {
    if (settled) return;
    if (from && leftElsewhere(opened, from)) return fail("ADDRESS_NOT_AVAILABLE");
    settle();
    // The new owner reads this later. By then more bytes, or the end, may have come.
    options.onEnd({
      wire,
      received,
      get ended() {
        return ended;
      },
    });
  };
  wire.owner = {
    onBytes(borrowed) {
      received.push(new Uint8Array(borrowed)); // A Buffer's slice() is no copy.
      succeed();
    },
    onEnd() {
      ended = true;
      // A peer that closes an established connection without sending data has still accepted it.
      if (until === "established") succeed();
      else fail("CLOSED_BY_PEER");
    },
    onError: (error) => fail(codeOfError(error, from), error),
    onClose() {
      ended = true;
      fail("CLOSED_BY_PEER");
    },
  };
  if (until === "established") {
    // Over loopback the handshake may be over already, but the caller must get the attempt first.
    queueMicrotask(() => {
      if (!settled) stopPolling = pollEstablished(opened, succeed, keep);
    });
  }
  writeRest(opened, flight);
  return {
    opened,
    cancel() {
      if (settled) return;
      settle();
      letGo?.();
      wire.destroy();
    },
  };
}

/**
 * Whether the connection has another local address than `from`. To kernels a broadcast address is no
 * address to connect from, but no mistake either.
 */
function leftElsewhere(opened: Opened, from: Address): boolean {
  const wanted = bytesOfIp(from);
  const local = opened.localAddress();
  if (!local || wanted.every((byte) => byte === 0)) return false;
  return !bytesOfIp(local).every((byte, index) => byte === wanted[index]);
}

/**
 * What a local address fails with that this machine lacks, or that does not lead to the destination. Deno
 * has EINVAL for both.
 */
const unfit: ReadonlySet<unknown> = new Set(["EADDRNOTAVAIL", "EINVAL", "ENODEV", "ENXIO"]);

function codeOfError(
  error: Error & { code?: string },
  from: Address | undefined,
): ConnectErrorCode {
  const { name, code } = error;
  // Deno checks the permission for an address that it connects to itself. A denial has no errno.
  if (name === "NotCapable") return "PERMISSION_DENIED";
  const isDestinations = error instanceof SystemCallError && error.syscall === "if_nametoindex";
  return from && unfit.has(code) && !isDestinations ? "ADDRESS_NOT_AVAILABLE" : codeOfErrno(code);
}

function openOrThrow(request: OpenRequest): Opened {
  try {
    return open(request);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    const { address, from } = request;
    throw new AttemptError(address, codeOfError(error, from), error.errno, error);
  }
}

/** Writes the bytes that the kernel has not taken for the SYN. */
function writeRest({ wire, sent }: Opened, flight: readonly Uint8Array[]): void {
  let skip = sent;
  for (const piece of flight) {
    const rest = piece.subarray(Math.min(skip, piece.length));
    skip -= piece.length - rest.length;
    if (rest.length > 0) wire.socket.write(rest);
  }
}
