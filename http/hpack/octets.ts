/**
 * The integers and strings that a header block is made of (RFC 7541, section 5).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Malformed } from "../malformed.ts";
import { decodeHuffman } from "./huffman.ts";

/** How far integers are read: no length and no index comes near to that. */
const MOST_BITS = 28;

/** The first bit of a string says whether it is compressed, the others begin its length. */
const HUFFMAN = 0x80;
const LENGTH_BITS = 7;

/** The octets of a block, which are read one after another. */
export class Octets {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get areOver(): boolean {
    return this.#at >= this.#bytes.length;
  }

  peek(): number {
    const octet = this.#bytes[this.#at];
    if (octet === undefined) throw new Malformed("A block ends within a field");
    return octet;
  }

  /** An integer that begins in the last `bits` bits of an octet (RFC 7541, section 5.1). */
  readInteger(bits: number): number {
    const most = (1 << bits) - 1;
    let value = this.#next() & most;
    if (value < most) return value;
    for (let shift = 0; shift < MOST_BITS; shift += 7) {
      const octet = this.#next();
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
    throw new Malformed("An integer is too large");
  }

  /** A string (RFC 7541, section 5.2). */
  readString(): string {
    const isHuffman = (this.peek() & HUFFMAN) !== 0;
    const length = this.readInteger(LENGTH_BITS);
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Malformed("A block ends within a string");
    const octets = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    if (isHuffman) return decodeHuffman(octets);
    return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1");
  }

  #next(): number {
    const octet = this.peek();
    this.#at++;
    return octet;
  }
}
