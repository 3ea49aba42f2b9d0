/**
 * Finds certificates and keys in PEM (RFC 7468), for both engines alike. Files often have both, and
 * text around them; libraries differ in the labels that they know.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { keyIsEncrypted, limitedTrust, notCertificate, notKey, severalKeys } from "./bad_pem.ts";

/** A block that does not end goes to the end of the text, and its reader says what is wrong. */
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^]*?)(?:-----END [A-Z0-9 ]+-----|$)/g;

const CERTIFICATE = /^(?:(?:X509|TRUSTED) )?CERTIFICATE$/;
const PRIVATE_KEY = /^(?:[A-Z0-9]+ )*PRIVATE KEY$/;

/** The lines of a key that is encrypted without a label that says so (RFC 1421, section 4.6.1.1). */
const ENCRYPTED_HEADER = /^\s*Proc-Type: *4, *ENCRYPTED/;

interface Block {
  readonly label: string;
  readonly body: string;
  readonly text: string;
}

function blocksIn(pem: string, labels: RegExp): Block[] {
  return Array.from(pem.matchAll(BLOCK), ([text, label = "", body = ""]) => ({ label, body, text }))
    .filter(({ label }) => labels.test(label));
}

/**
 * The certificates in `pem`, first to last, each in a block of its own that every library can read.
 *
 * @throws {TlsError} `INVALID_PEM` when there is none, or when one is trusted for some purposes only
 */
export function certificatesIn(pem: string, option: string): string[] {
  const blocks = blocksIn(pem, CERTIFICATE);
  if (blocks.length === 0) throw notCertificate(option, "no start line", {});
  return blocks.map(({ label, body, text }) => {
    if (label === "TRUSTED CERTIFICATE") return withoutNotes(body, option);
    return text.replaceAll("X509 CERTIFICATE", "CERTIFICATE");
  });
}

/** Tags of OpenSSL's notes on a certificate: the purposes it is trusted for, and not trusted for. */
const TRUST = 0x30;
const REJECT = 0xa0;

/**
 * A certificate without the notes that OpenSSL puts behind it. Notes on trust matter where something
 * is to be trusted, and only some of the libraries mind them.
 */
function withoutNotes(body: string, option: string): string {
  const der = Buffer.from(body, "base64");
  const end = contentStart(der, 0) + contentLength(der, 0);
  const notes = der.subarray(end);
  const first = notes.length > 2 ? notes[contentStart(notes, 0)] : undefined;
  if (option === "caCerts" && (first === TRUST || first === REJECT)) throw limitedTrust(option);
  const lines = der.toString("base64", 0, end).replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** Bytes of a DER element's length that follow the first; none where the first says all. */
function lengthBytes(der: Buffer, at: number): number {
  const first = der[at + 1] ?? 0;
  return first < 0x80 ? 0 : first & 0x7f;
}

function contentStart(der: Buffer, at: number): number {
  return at + 2 + lengthBytes(der, at);
}

function contentLength(der: Buffer, at: number): number {
  const more = lengthBytes(der, at);
  if (more === 0) return der[at + 1] ?? 0;
  const digits = der.toString("hex", at + 2, at + 2 + more);
  return parseInt(digits, 16) || 0;
}

/** A private key, as a block of its own. */
export interface KeyBlock {
  readonly text: string;
  readonly isEncrypted: boolean;
}

/**
 * The private key in `pem`.
 *
 * @throws {TlsError} `INVALID_PEM` when there is none, when there are several, or when it is encrypted
 * and there is no passphrase
 */
export function keyIn(pem: string, passphrase: string | undefined): KeyBlock {
  const [block, ...others] = blocksIn(pem, PRIVATE_KEY);
  if (!block) throw notKey("no start line", {});
  const { label, body, text } = block;
  if (others.some((other) => other.text !== text)) throw severalKeys(others.length + 1);
  const isEncrypted = label === "ENCRYPTED PRIVATE KEY" || ENCRYPTED_HEADER.test(body);
  if (isEncrypted && passphrase === undefined) throw keyIsEncrypted();
  return { text, isEncrypted };
}
