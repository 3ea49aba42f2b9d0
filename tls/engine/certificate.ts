/**
 * Reads a certificate from its own bytes (RFC 5280). What runtimes make of a certificate are
 * strings, and a string may hold what looks like another name.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { DER, type Element, elementAt, elementsIn, elementsOf } from "../../base/der.ts";

/** An algorithm, as keys and signatures name it. */
export interface Algorithm {
  /** Its object identifier in DER, in hexadecimal, without tag and length. */
  readonly oid: string;
  /** Its parameters; empty where there are none. */
  readonly parameters: Buffer;
}

/** The parts of a certificate that are looked at here. */
export interface CertificateFacts {
  /** All of its bytes. */
  readonly der: Buffer;
  /** 1 to 3. */
  readonly version: number;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  /** The first and the last moment of its validity, in milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
  readonly keyAlgorithm: Algorithm;
  /** The public key as its algorithm encodes it. */
  readonly publicKey: Buffer;
  readonly signatureAlgorithm: Algorithm;
  /** The bytes that are signed, and the signature. */
  readonly signed: Buffer;
  readonly signature: Buffer;
  /** Whether it may issue certificates. */
  readonly authority: boolean;
  /** The names of hosts it is for, one character per byte. */
  readonly hosts: readonly string[];
  /** The addresses it is for, 4 or 16 bytes each. */
  readonly addresses: readonly Buffer[];
}

/** Tags of the fields of TBSCertificate, and of a GeneralName (RFC 5280, sections 4.1, 4.2.1.6). */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;

/** A BIT STRING begins with a byte that counts its unused bits. */
const UNUSED_BITS = 1;

/** The attribute commonName, by its identifier. */
const COMMON_NAME = "550403";

/** The extensions basicConstraints and subjectAltName, by their identifiers. */
const BASIC_CONSTRAINTS = "551d13";
const SUBJECT_ALT_NAME = "551d11";

/** Reads a certificate. Throws when the bytes are none. */
export function readCertificate(der: Uint8Array): CertificateFacts {
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.byteLength);
  const [signed, signatureAlgorithm, signature] = elementsOf(bytes);
  const fields = elementsIn(field(signed).content);
  const version = fields[0]?.tag === VERSION ? 1 + numberIn(fields.shift()) : 1;
  const [, , issuer, validity, subject, key] = fields;
  const [from, until] = elementsIn(field(validity).content);
  const [keyAlgorithm, publicKey] = elementsIn(field(key).content);
  const extensions = extensionsIn(fields.find(({ tag }) => tag === EXTENSIONS));
  const constraints = extensions.get(BASIC_CONSTRAINTS);
  const alternatives = extensions.get(SUBJECT_ALT_NAME);
  const names = alternatives ? elementsOf(alternatives) : [];
  const ofKind = (kind: number) => names.filter(({ tag }) => tag === kind);
  return {
    der: bytes,
    version,
    issuer: field(issuer).whole,
    subject: field(subject).whole,
    from: timeIn(field(from)),
    until: timeIn(field(until)),
    keyAlgorithm: algorithmIn(field(keyAlgorithm)),
    publicKey: field(publicKey).content.subarray(UNUSED_BITS),
    signatureAlgorithm: algorithmIn(field(signatureAlgorithm)),
    signed: field(signed).whole,
    signature: field(signature).content.subarray(UNUSED_BITS),
    authority: constraints !== undefined && isTrue(elementsOf(constraints)[0]),
    hosts: ofKind(DNS_NAME).map(({ content }) => content.toString("latin1")),
    addresses: ofKind(IP_ADDRESS).map(({ content }) => content),
  };
}

/** A type, by its identifier, and its value. */
export interface Attribute {
  readonly type: string;
  readonly value: Element;
}

/** The parts of an issuer's or a subject's name: a list of sets of pairs (RFC 5280, section 4.1.2.4). */
export function attributesOf(name: Buffer): Attribute[] {
  const pairs = elementsOf(name).flatMap(({ content }) => elementsIn(content));
  return pairs.map(({ content }) => {
    const [type, value] = elementsIn(content);
    return { type: field(type).content.toString("hex"), value: field(value) };
  });
}

/** The common names of a certificate's subject, one character per byte. */
export function commonNamesOf({ subject }: CertificateFacts): string[] {
  return attributesOf(subject)
    .filter(({ type }) => type === COMMON_NAME)
    .map(({ value }) => value.content.toString("latin1"));
}

/** Whether a certificate names itself as its issuer, as roots do. */
export function namesItself({ issuer, subject }: CertificateFacts): boolean {
  return issuer.equals(subject);
}

function field(element: Element | undefined): Element {
  if (!element) throw new RangeError("A certificate lacks a field");
  return element;
}

/** The small integer inside an element. */
function numberIn(element: Element | undefined): number {
  const { content } = elementAt(field(element).content);
  return content.readUIntBE(0, content.length);
}

/** Whether an element is BOOLEAN and true. */
function isTrue(element: Element | undefined): boolean {
  return element?.tag === DER.BOOLEAN && element.content[0] !== 0;
}

/** Reads an AlgorithmIdentifier. */
export function algorithmIn({ content }: Element): Algorithm {
  const [oid, parameters] = elementsIn(content);
  return {
    oid: field(oid).content.toString("hex"),
    parameters: parameters?.whole ?? Buffer.alloc(0),
  };
}

/** The contents of extensions, by their identifiers. */
function extensionsIn(element: Element | undefined): Map<string, Buffer> {
  const list = element ? elementsOf(element.content) : [];
  return new Map(list.map(({ content }) => {
    const parts = elementsIn(content); // Between the two there may be a BOOLEAN.
    return [field(parts[0]).content.toString("hex"), field(parts.at(-1)).content];
  }));
}

/** `YYMMDDHHMMSSZ`, of the years 1950 to 2049, or `YYYYMMDDHHMMSSZ` (RFC 5280, section 4.1.2.5). */
function timeIn({ tag, content }: Element): number {
  const text = content.toString("latin1");
  const century = Number(text.slice(0, 2)) < 50 ? "20" : "19";
  const whole = tag === DER.UTC_TIME ? century + text : text;
  return Date.parse(
    whole.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"),
  );
}
