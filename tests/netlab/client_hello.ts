/**
 * Reads a ClientHello (RFC 8446, section 4.1.2) that may have come in part only.
 *
 * @module
 */

import { u16, u8 } from "./packet.ts";

/** The type of a record that carries handshake messages, and the type of such a message. */
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;

const RECORD_HEADER = 5;
/** The message's header, the version and the random come before the session's id. */
const SESSION_ID = RECORD_HEADER + 4 + 2 + 32;

/** What is known so far. */
export interface HelloSoFar {
  /** Bytes of the record, header included, as its header says. */
  readonly length: number | undefined;
  /** Bytes of the session's id. */
  readonly sessionId: number | undefined;
  /** The types of the extensions, as far as they have come, in their order. */
  readonly extensions: readonly number[];
  /** Whether all of the record has come. */
  readonly whole: boolean;
}

/** Bytes of the record that `bytes` begins with, header included, once its header is there. */
export function recordLength(bytes: Uint8Array): number | undefined {
  return bytes.length < RECORD_HEADER ? undefined : RECORD_HEADER + u16(bytes, 3);
}

/**
 * @param bytes the first bytes of a connection
 * @returns `undefined` when they do not begin a ClientHello
 */
export function readHello(bytes: Uint8Array): HelloSoFar | undefined {
  if (bytes.length > 0 && bytes[0] !== HANDSHAKE) return undefined;
  if (bytes.length > RECORD_HEADER && bytes[RECORD_HEADER] !== CLIENT_HELLO) return undefined;
  const length = recordLength(bytes);
  const record = bytes.subarray(0, length);
  // A byte that has not come reads as 0. The steps over it lead past the end all the same.
  let at = SESSION_ID + 1 + u8(record, SESSION_ID);
  at += 2 + u16(record, at); // the cipher suites
  at += 1 + u8(record, at); // the compression methods
  const extensions: number[] = [];
  for (at += 2; at + 2 <= record.length; at += 4 + u16(record, at + 2)) {
    extensions.push(u16(record, at));
  }
  return {
    length,
    sessionId: record[SESSION_ID],
    extensions,
    whole: length !== undefined && bytes.length >= length,
  };
}
