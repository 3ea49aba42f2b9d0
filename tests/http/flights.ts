/**
 * First flights of HTTP/1.1 and HTTP/2, made by hand.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Field } from "../../http/field.ts";
import { HpackWriter } from "./hpack_writer.ts";

/** Text as bytes. */
export function bytes(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

/** A request of HTTP/1.1 with these lines between its request line and the empty one. */
export function http1(requestLine: string, ...lines: readonly string[]): Buffer {
  return bytes([requestLine, ...lines, "", ""].join("\r\n"));
}

/** What a client of HTTP/2 sends first, before SETTINGS. */
export const preface = bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** A frame of HTTP/2. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** SETTINGS, as numbers and values in turn. */
export function settings(...pairs: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.alloc(6 * pairs.length);
  for (const [index, [number, value]] of pairs.entries()) {
    payload.writeUInt16BE(number, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  }
  return frame(4, 0, 0, payload);
}

/** WINDOW_UPDATE. */
export function windowUpdate(stream: number, increment: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(increment);
  return frame(8, 0, stream, payload);
}

/** PRIORITY's payload, which HEADERS may have as well. */
export function priority(dependency: number): Buffer {
  const payload = Buffer.alloc(5);
  payload.writeUInt32BE(dependency);
  return payload;
}

/** The fields of a request of HTTP/2. */
export function requestFields(method: string, ...more: readonly Field[]): Field[] {
  return [
    ...[[":method", method], [":scheme", "https"], [":path", "/"]] as const,
    [":authority", "a.test"],
    ...more,
  ];
}

/** END_STREAM and END_HEADERS: a whole request without a body. */
export const WHOLE = 0x05;

/** HEADERS with these fields, for the first request of a connection. */
export function headers(fields: readonly Field[], stream = 1, flags = WHOLE): Buffer {
  return frame(1, flags, stream, new HpackWriter().write(fields));
}

/** A first flight: the preface, SETTINGS, and what follows. */
export function flight(...frames: readonly Uint8Array[]): Buffer {
  return Buffer.concat([preface, settings(), ...frames]);
}
