/**
 * How much of a first flight of HTTP/2 may be sent as early data (RFC 9113).
 *
 * @module
 */

import { HpackReader } from "../hpack/reader.ts";
import { unlessMalformed } from "../malformed.ts";
import { blockAt, dependencyIn, FLAG, FRAME, type Frame, u32, wholeFrameAt } from "./frames.ts";
import { isSafeRequest } from "./request.ts";

/** What a client sends first (RFC 9113, section 3.4). */
export const PREFACE: Uint8Array = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** How many bytes are looked at. Most servers take 16 KiB of early data. */
const LONGEST_FLIGHT = 64 * 1024;

/** The largest payload, before a server has allowed larger ones (RFC 9113, section 4.2). */
const LARGEST_PAYLOAD = 16_384;

/** Bytes of payloads, and of one setting. */
const PRIORITY_LENGTH = 5;
const PING_LENGTH = 8;
const INCREMENT_LENGTH = 4;
const SETTING_LENGTH = 6;

/** The types that may ride, and the flags that they may have. An ACK would answer what did not come. */
const FLAGS: ReadonlyMap<number, number> = new Map([
  [FRAME.HEADERS, FLAG.END_STREAM | FLAG.END_HEADERS | FLAG.PADDED | FLAG.PRIORITY],
  [FRAME.CONTINUATION, FLAG.END_HEADERS],
  [FRAME.PRIORITY, 0],
  [FRAME.SETTINGS, 0],
  [FRAME.PING, 0],
  [FRAME.WINDOW_UPDATE, 0],
]);

/** The least and the most that settings may be (RFC 9113, section 6.5.2; RFC 8441; RFC 9218). */
const SETTINGS: ReadonlyMap<number, readonly [least: number, most: number]> = new Map([
  [2, [0, 1]], // SETTINGS_ENABLE_PUSH
  [4, [0, 2 ** 31 - 1]], // SETTINGS_INITIAL_WINDOW_SIZE
  [5, [LARGEST_PAYLOAD, 2 ** 24 - 1]], // SETTINGS_MAX_FRAME_SIZE
  [8, [0, 1]], // SETTINGS_ENABLE_CONNECT_PROTOCOL
  [9, [0, 1]], // SETTINGS_NO_RFC7540_PRIORITIES
]);

/**
 * How many bytes there are before the first frame that may not ride: whole frames, and requests among
 * them that may be repeated. 0 where there is no such request: the preface alone is not worth a
 * ticket, because nothing that the server answers to it is waited for.
 */
export function http2MayRide(written: Uint8Array): number {
  const first = written.subarray(0, LONGEST_FLIGHT);
  if (!PREFACE.every((byte, index) => first[index] === byte)) return 0;
  const hpack = new HpackReader();
  const requests = new Set<number>();
  let at = PREFACE.length;
  let newest = 0;
  for (let frame; (frame = wholeFrameAt(first, at)) !== undefined;) {
    if (!isOrdinary(frame)) break;
    if (at === PREFACE.length && frame.type !== FRAME.SETTINGS) break; // A part of the preface.
    if (frame.type === FRAME.HEADERS) {
      const end = frame.stream > newest ? requestEnd(first, frame, hpack) : undefined;
      if (end === undefined) break;
      newest = frame.stream;
      requests.add(newest);
      at = end;
    } else {
      if (!mayAccompany(frame, requests)) break;
      at = frame.end;
    }
  }
  return requests.size > 0 ? at : 0;
}

/** Whether a frame's type, flags and size are those that a first flight may have. */
function isOrdinary({ type, flags, length, isReservedBitSet }: Frame): boolean {
  const known = FLAGS.get(type);
  return known !== undefined && (flags & ~known) === 0 && length <= LARGEST_PAYLOAD &&
    !isReservedBitSet;
}

/** Where the frame after a request begins; `undefined` where the request may not ride. */
function requestEnd(first: Uint8Array, frame: Frame, hpack: HpackReader): number | undefined {
  // Without END_STREAM there is a body to come.
  if (!isClients(frame.stream) || !(frame.flags & FLAG.END_STREAM)) return undefined;
  return unlessMalformed(() => {
    const block = blockAt(first, frame);
    if (!block?.frames.every(isOrdinary)) return undefined;
    return isSafeRequest(hpack.read(block.fragments)) ? block.end : undefined;
  }, undefined);
}

/** Whether a frame may ride beside requests: it is about the connection, and is as it should be. */
function mayAccompany(
  { type, stream, payload, length }: Frame,
  requests: ReadonlySet<number>,
): boolean {
  switch (type) {
    case FRAME.SETTINGS:
      return stream === 0 && length % SETTING_LENGTH === 0 && areSettings(payload);
    case FRAME.PING:
      return stream === 0 && length === PING_LENGTH;
    case FRAME.WINDOW_UPDATE: {
      const increment = u32(payload, 0);
      return (stream === 0 || requests.has(stream)) && length === INCREMENT_LENGTH &&
        increment > 0 && increment < 2 ** 31;
    }
    case FRAME.PRIORITY: // For streams that are not open yet, too.
      return isClients(stream) && length === PRIORITY_LENGTH && dependencyIn(payload) !== stream;
    default:
      return false;
  }
}

function areSettings(payload: Uint8Array): boolean {
  for (let at = 0; at < payload.length; at += SETTING_LENGTH) {
    const [least, most] = SETTINGS.get(u32(payload, at) >>> 16) ?? [0, Infinity];
    const value = u32(payload, at + 2);
    if (value < least || value > most) return false;
  }
  return true;
}

/** Whether a stream is one of those that clients open (RFC 9113, section 5.1.1). */
export function isClients(stream: number): boolean {
  return stream % 2 === 1;
}
