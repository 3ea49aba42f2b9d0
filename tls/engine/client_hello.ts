/**
 * Reads a ClientHello (RFC 8446, section 4.1.2), which is not encrypted. It is the first record of
 * a first flight.
 *
 * @module
 */

/** Bytes of the header of a record, and of a handshake message. */
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;

/** Bytes of the header of an extension. */
const EXTENSION_HEADER = 4;

/** Extensions (RFC 8446, section 4.2; RFC 5077, section 3.2). */
export const SERVER_NAME = 0;
const SUPPORTED_GROUPS = 10;
const SIGNATURE_ALGORITHMS = 13;
export const ALPN = 16;
export const SESSION_TICKET = 35;
/** It offers a session of TLS 1.3. */
export const PRE_SHARED_KEY = 41;
const SUPPORTED_VERSIONS = 43;
export const KEY_SHARE = 51;

/** Bytes of the ClientHello's record. */
export function helloLength(flight: Uint8Array): number {
  return RECORD_HEADER + u16(flight, 3);
}

/** Whether a session of TLS 1.3 is offered. */
export function offersTicket(flight: Uint8Array): boolean {
  return partsOf(flight).extensions.has(PRE_SHARED_KEY);
}

/** The extensions of a ClientHello, by their numbers, and how many bytes each takes. */
export function extensionsIn(flight: Uint8Array): Map<number, number> {
  const sizes = partsOf(flight).extensions.entries().map(([number, { length }]) =>
    [number, EXTENSION_HEADER + length] as const
  );
  return new Map(sizes);
}

/** What a client offers, by the numbers of TLS's registries, most wanted first. */
export interface Offers {
  readonly versions: readonly number[];
  readonly cipherSuites: readonly number[];
  readonly groups: readonly number[];
  readonly signatureAlgorithms: readonly number[];
}

/** What a ClientHello offers. */
export function offersIn(flight: Uint8Array): Offers {
  const { version, cipherSuites, extensions } = partsOf(flight);
  const listIn = (extension: number, header: number) =>
    numbersIn((extensions.get(extension) ?? new Uint8Array()).subarray(header));
  const versions = listIn(SUPPORTED_VERSIONS, 1);
  return {
    versions: versions.length > 0 ? versions : [version], // Before TLS 1.3 only the highest is told.
    cipherSuites: numbersIn(cipherSuites),
    groups: listIn(SUPPORTED_GROUPS, 2),
    signatureAlgorithms: listIn(SIGNATURE_ALGORITHMS, 2),
  };
}

interface Parts {
  readonly version: number;
  readonly cipherSuites: Uint8Array;
  readonly extensions: ReadonlyMap<number, Uint8Array>;
}

function partsOf(flight: Uint8Array): Parts {
  const hello = flight.subarray(0, helloLength(flight));
  let at = RECORD_HEADER + MESSAGE_HEADER;
  const version = u16(hello, at);
  at += 2 + 32; // the version and the random
  at += 1 + (hello[at] ?? 0); // the session id
  const suites = at + 2;
  at = suites + u16(hello, at);
  const cipherSuites = hello.subarray(suites, at);
  at += 1 + (hello[at] ?? 0); // the compression methods
  const extensions = new Map<number, Uint8Array>();
  for (at += 2; at < hello.length; at += EXTENSION_HEADER + u16(hello, at + 2)) {
    const start = at + EXTENSION_HEADER;
    extensions.set(u16(hello, at), hello.subarray(start, start + u16(hello, at + 2)));
  }
  return { version, cipherSuites, extensions };
}

function numbersIn(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length >> 1 }, (_, index) => u16(bytes, 2 * index));
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) << 8 | (bytes[at + 1] ?? 0);
}
