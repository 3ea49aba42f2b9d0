/**
 * Finds certificates and keys in PEM (RFC 7468), for both engines alike. Files often have both, and
 * text around them; libraries differ in the labels that they know.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { elementAt, elementsIn } from "../../base/der.ts";
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
  const { whole, purposes } = splitNotes(der, option);
  const isLimited = purposes === TRUST || purposes === REJECT;
  if (option === "caCerts" && isLimited) throw limitedTrust(option);
  const lines = whole.toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** The certificate, and the tag of the first note behind it, if there is one. */
function splitNotes(der: Buffer, option: string): { whole: Buffer; purposes: number | undefined } {
  try {
    const [{ whole } = elementAt(der), notes] = elementsIn(der);
    return { whole, purposes: notes && elementsIn(notes.content)[0]?.tag };
  } catch (cause) {
    throw notCertificate(option, (cause as Error).message, { cause });
  }
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
