/**
 * Frames of HTTP/2, and the header blocks that are in them (RFC 9113, sections 4 and 6).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Malformed } from "../malformed.ts";

/** Types of frames. */
export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** Flags. What they mean depends on the type. */
export const FLAG = {
  ACK: 0x01,
  END_STREAM: 0x01,
  END_HEADERS: 0x04,
  PADDED: 0x08,
  PRIORITY: 0x20,
} as const;

const HEADER = 9;

/** Bytes of what HEADERS has to say of a stream's priority, and PUSH_PROMISE of the promised stream. */
const PRIORITY_BYTES = 5;
const PROMISE_BYTES = 4;

/** The bit in front of a stream's number, which is not used. */
const RESERVED_BIT = 0x8000_0000;

/** A frame, of which the header at least is there. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly isReservedBitSet: boolean;
  /** As much of it as is there. */
  readonly payload: Uint8Array;
  /** Bytes of the whole payload. */
  readonly length: number;
  /** Where the next frame begins. */
  readonly end: number;
}

/** The frame at `at`; `undefined` where its header is not whole. */
export function frameAt(bytes: Uint8Array, at: number): Frame | undefined {
  const start = at + HEADER;
  if (start > bytes.length) return undefined;
  const length = (bytes[at] ?? 0) << 16 | (bytes[at + 1] ?? 0) << 8 | (bytes[at + 2] ?? 0);
  const stream = u32(bytes, at + 5);
  return {
    type: bytes[at + 3] ?? 0,
    flags: bytes[at + 4] ?? 0,
    stream: stream % RESERVED_BIT,
    isReservedBitSet: stream >= RESERVED_BIT,
    payload: bytes.subarray(start, start + length),
    length,
    end: start + length,
  };
}

/** The frame at `at`; `undefined` where it is not whole. */
export function wholeFrameAt(bytes: Uint8Array, at: number): Frame | undefined {
  const frame = frameAt(bytes, at);
  return frame && frame.end <= bytes.length ? frame : undefined;
}

/** A header block, the frames that it is in, and where the frame after them begins. */
export interface Block {
  readonly frames: readonly Frame[];
  readonly fragments: Uint8Array;
  readonly end: number;
}

/**
 * The block that begins in HEADERS or PUSH_PROMISE and goes on in CONTINUATION; `undefined` where it
 * is not whole. Nothing may come between its frames (RFC 9113, section 6.10).
 */
export function blockAt(bytes: Uint8Array, first: Frame): Block | undefined {
  const frames = [first];
  const fragments = [fragmentIn(first)];
  let last = first;
  while (!(last.flags & FLAG.END_HEADERS)) {
    const next = frameAt(bytes, last.end);
    if (!next) return undefined;
    if (next.type !== FRAME.CONTINUATION || next.stream !== first.stream) {
      throw new Malformed("A header block is interrupted");
    }
    if (next.end > bytes.length) return undefined;
    frames.push(next);
    fragments.push(next.payload);
    last = next;
  }
  return { frames, fragments: Buffer.concat(fragments), end: last.end };
}

/** What HEADERS or PUSH_PROMISE has of a block, without what stands before and after it. */
function fragmentIn({ type, flags, stream, payload }: Frame): Uint8Array {
  let start = 0;
  let end = payload.length;
  if (flags & FLAG.PADDED) {
    start = 1;
    end -= payload[0] ?? 0;
    if (payload.subarray(Math.max(end, 0)).some((octet) => octet !== 0)) {
      throw new Malformed("The padding is not zero");
    }
  }
  if (type === FRAME.PUSH_PROMISE) start += PROMISE_BYTES;
  else if (flags & FLAG.PRIORITY) {
    if (dependencyIn(payload.subarray(start)) === stream) {
      throw new Malformed("A stream depends on itself");
    }
    start += PRIORITY_BYTES;
  }
  if (start > end) throw new Malformed("There is more padding than payload");
  return payload.subarray(start, end);
}

/** The stream that another one depends on (RFC 9113, section 5.3.2). */
export function dependencyIn(priority: Uint8Array): number {
  return u32(priority, 0) % RESERVED_BIT;
}

/** Four bytes as a number. What is missing counts as 0. */
export function u32(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4);
  return (a << 24 | b << 16 | c << 8 | d) >>> 0;
}
