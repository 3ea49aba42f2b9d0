/**
 * Sessions of `node:tls`: to bytes for the store, and back.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { elementAt, elementsOf } from "../../../base/der.ts";
import { readCertificate } from "../certificate.ts";

/** A session and its peer's certificate, which not every runtime keeps in the session. */
export interface KeptSession {
  readonly session: Uint8Array;
  /** The peer's certificate, DER. */
  readonly certificate: Uint8Array;
}

/** Packs the checksum of the rest, the certificate's length, the certificate, and the session. */
export function packSession({ session, certificate }: KeptSession): Uint8Array {
  const length = Buffer.alloc(LENGTH);
  length.writeUInt32BE(certificate.length);
  const content = Buffer.concat([length, certificate, session]);
  return new Uint8Array(Buffer.concat([checksum(content), content]));
}

/** Unpacks a session; `undefined` for any other bytes, which the runtimes would ignore silently. */
export function unpackSession(bytes: Uint8Array): KeptSession | undefined {
  const packed = Buffer.from(bytes);
  const content = packed.subarray(CHECKSUM);
  if (!checksum(content).equals(packed.subarray(0, CHECKSUM))) return undefined;
  const end = LENGTH + content.readUInt32BE(0);
  return { certificate: content.subarray(LENGTH, end), session: content.subarray(end) };
}

const LENGTH = 4;
const CHECKSUM = 8;

function checksum(content: Buffer): Buffer {
  return createHash("sha256").update(content).digest().subarray(0, CHECKSUM);
}

/** Milliseconds assumed where a promise can't be read: nginx's default. Few promise less. */
const USUAL_LIFETIME = 300_000;

/** Context-specific tags of SSL_SESSION's fields, which OpenSSL and BoringSSL share. */
const TIMEOUT = 0xa2;
const TICKET_LIFETIME_HINT = 0xa9;

/** Milliseconds for which the server promises to know a session. */
export function lifetimeOf(session: Uint8Array): number {
  try {
    const fields = fieldsOf(Buffer.from(session));
    return 1000 * (fields.get(TICKET_LIFETIME_HINT) || fields.get(TIMEOUT) || 0) || USUAL_LIFETIME;
  } catch {
    return USUAL_LIFETIME;
  }
}

/** Milliseconds until a certificate expires; negative once it has expired. */
export function timeLeft(certificate: Uint8Array): number {
  return readCertificate(certificate).until - Date.now();
}

/** The integers among the tagged fields of an SSL_SESSION. */
function fieldsOf(bytes: Buffer): Map<number, number> {
  const fields = elementsOf(bytes.subarray(startOf(bytes)));
  const integers = fields.filter(({ tag }) => tag === TIMEOUT || tag === TICKET_LIFETIME_HINT);
  return new Map(integers.map(({ tag, content }) => {
    const { content: number } = elementAt(content);
    return [tag, number.readUIntBE(0, number.length)];
  }));
}

/** Where the DER begins: Node puts a string that ends with 0 and the server's name in front. */
function startOf(bytes: Buffer): number {
  if (bytes[0] !== 0) return 0;
  const name = bytes.indexOf(0, 1) + 1;
  return name + 2 + bytes.readUInt16BE(name);
}
