/**
 * Reads a ClientHello (RFC 8446, section 4.1.2), which is not encrypted. It is the first record of
 * a first flight.
 *
 * @module
 */

/** Bytes of the header of a record, and of a handshake message. */
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;

/** Numbers of extensions (RFC 8446, section 4.2; RFC 5077, section 3.2). */
export const SERVER_NAME = 0;
export const ALPN = 16;
export const SESSION_TICKET = 35;
export const PRE_SHARED_KEY = 41;
export const KEY_SHARE = 51;

/** Bytes of the ClientHello's record. */
export function helloLength(flight: Uint8Array): number {
  return RECORD_HEADER + u16(flight, 3);
}

/** Whether a session of TLS 1.3 is offered. */
export function offersTicket(flight: Uint8Array): boolean {
  return extensionsIn(flight).has(PRE_SHARED_KEY);
}

/** The extensions of a ClientHello, by their numbers, and how many bytes each takes. */
export function extensionsIn(flight: Uint8Array): Map<number, number> {
  const hello = flight.subarray(0, helloLength(flight));
  let at = RECORD_HEADER + MESSAGE_HEADER + 2 + 32; // the version and the random
  at += 1 + (hello[at] ?? 0); // the session id
  at += 2 + u16(hello, at); // the cipher suites
  at += 1 + (hello[at] ?? 0); // the compression methods
  const extensions = new Map<number, number>();
  for (at += 2; at < hello.length;) {
    const length = 4 + u16(hello, at + 2);
    extensions.set(u16(hello, at), length);
    at += length;
  }
  return extensions;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) << 8 | (bytes[at + 1] ?? 0);
}
