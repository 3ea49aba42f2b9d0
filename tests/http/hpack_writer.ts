/**
 * A writer of HPACK (RFC 7541), which takes each of the ways to write a field as it is told.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Field } from "../../http/field.ts";
import { lengthOf } from "../../http/hpack/huffman.ts";
import { staticTable } from "../../http/hpack/static_table.ts";

/** How a field is written. What can't be, because no table has it, is a literal without indexing. */
export interface Choice {
  readonly kind: "indexed" | "kept" | "not kept" | "never kept";
  readonly isNameIndexed: boolean;
  readonly isHuffman: boolean;
}

const PLAIN: Choice = { kind: "indexed", isNameIndexed: true, isHuffman: false };

/** The codes by symbol, as digits: those of one length count up, as the RFC says of canonical codes. */
const codes: readonly string[] = canonicalCodes();

function canonicalCodes(): string[] {
  const found: string[] = [];
  let code = 0n;
  for (let length = 1; length <= 30; length++, code <<= 1n) {
    for (let symbol = 0; symbol <= 256; symbol++) {
      if (lengthOf(symbol) === length) found[symbol] = (code++).toString(2).padStart(length, "0");
    }
  }
  return found;
}

/** Encodes text by the Huffman code; `padding` is what fills the last byte. */
export function encodeHuffman(text: string, padding = "1"): Buffer {
  const bits = Array.from(text, (character) => codes[character.charCodeAt(0)]).join("");
  return fromBits(bits.padEnd(Math.ceil(bits.length / 8) * 8, padding));
}

/** The code of a symbol, as digits; 256 is the end of a string. */
export function codeOf(symbol: number): string {
  return codes[symbol] ?? "";
}

export function fromBits(bits: string): Buffer {
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
}

/** Writes the blocks of one side of a connection. */
export class HpackWriter {
  /** The newest first. */
  #table: Field[] = [];
  #maxSize = 4096;

  /** Writes the fields of one block. */
  write(fields: readonly Field[], choose: () => Choice = () => PLAIN): Buffer {
    return Buffer.concat(fields.map((field) => this.#writeField(field, choose())));
  }

  /** Says that the table is to be of another size. */
  resize(size: number): Buffer {
    this.#maxSize = size;
    this.#evict();
    return integer(0x20, 5, size);
  }

  #writeField(field: Field, { kind, isNameIndexed, isHuffman }: Choice): Buffer {
    const [name, value] = field;
    const known = [...staticTable, ...this.#table];
    const whole = known.findIndex((each) => each[0] === name && each[1] === value) + 1;
    if (kind === "indexed" && whole > 0) return integer(0x80, 7, whole);
    const index = isNameIndexed ? known.findIndex((each) => each[0] === name) + 1 : 0;
    const [start, bits] = kind === "kept" ? [0x40, 6] : kind === "never kept" ? [0x10, 4] : [0, 4];
    if (kind === "kept") {
      this.#table.unshift(field);
      this.#evict();
    }
    const named = index > 0 ? [] : [string(name, isHuffman)];
    return Buffer.concat([integer(start, bits, index), ...named, string(value, isHuffman)]);
  }

  #evict(): void {
    const size = () => this.#table.reduce((sum, [n, v]) => sum + n.length + v.length + 32, 0);
    while (size() > this.#maxSize) this.#table.pop();
  }
}

/** An integer with what stands before it in its first octet (RFC 7541, section 5.1). */
export function integer(start: number, bits: number, value: number): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.from([start | value]);
  const octets = [start | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push(128 + rest % 128);
  return Buffer.from([...octets, rest]);
}

function string(text: string, isHuffman: boolean): Buffer {
  const octets = isHuffman ? encodeHuffman(text) : Buffer.from(text, "latin1");
  return Buffer.concat([integer(isHuffman ? 0x80 : 0, 7, octets.length), octets]);
}
