/**
 * What of a client's first bytes may arrive at its server twice, as bytes in a SYN may (RFC 7413, section
 * 6.1): a ClientHello, which asks for nothing but an answer.
 *
 * @module
 */

import { helloLength } from "../../tls/engine/client_hello.ts";

/** Types of a record, and of a handshake message (RFC 8446, sections 5.1 and 4). */
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;

/** The first byte of every version of TLS, and where it stands in a record. */
const TLS = 3;

/** Bytes up to the type of the handshake message. */
const PREFIX = 6;

/** How many of the bytes belong to a ClientHello that they begin with; 0 where they begin with none. */
export function helloBytesIn(first: Uint8Array): number {
  if (first.length < PREFIX) return 0;
  if (first[0] !== HANDSHAKE || first[1] !== TLS || first[5] !== CLIENT_HELLO) return 0;
  return Math.min(first.length, helloLength(first));
}
