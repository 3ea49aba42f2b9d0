/**
 * DER (X.690), as far as certificates and sessions need it: elements, and what is in them.
 *
 * @module
 */

import type { Buffer } from "node:buffer";

/** Tags of the universal class. */
export const DER = {
  BOOLEAN: 0x01,
  UTC_TIME: 0x17,
} as const;

/** One element: its tag, its content, and all of its bytes. */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

/** BER's mark for "until the end", which DER does not have. */
const INDEFINITE = 0x80;

/** The element at `at`. Throws where the bytes end before it does, or its length is not DER's. */
export function elementAt(bytes: Buffer, at = 0): Element {
  const tag = bytes.readUInt8(at);
  const first = bytes.readUInt8(at + 1);
  if (first === INDEFINITE) throw new RangeError("An element's length is not DER's");
  const more = first < 0x80 ? 0 : first & 0x7f; // How many bytes the length takes.
  const length = more === 0 ? first : bytes.readUIntBE(at + 2, more);
  const start = at + 2 + more;
  const end = start + length;
  if (end > bytes.length) throw new RangeError("DER ends within an element");
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) };
}

/** The elements that follow each other in `content`. */
export function elementsIn(content: Buffer): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < content.length;) {
    const element = elementAt(content, at);
    elements.push(element);
    at += element.whole.length;
  }
  return elements;
}

/** The elements inside the element that `bytes` begin with. */
export function elementsOf(bytes: Buffer): Element[] {
  return elementsIn(elementAt(bytes).content);
}
