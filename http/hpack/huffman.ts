/**
 * The Huffman code of HPACK (RFC 7541, section 5.2).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Malformed } from "../malformed.ts";

/**
 * How many bits each byte takes, and last the end of a string, from the table of RFC 7541, Appendix B;
 * 32 in a row, "a" is 10, "u" is 30. The code is canonical: those of one length count up in the order
 * of the bytes, and go on where the shorter ones have ended. So the lengths say all.
 */
const LENGTHS = "dnsssssssoussussssssssusssssssss" +
  "6aacd68baa8b8666555666666678f6ca" +
  "d67777777777777777777777878djde6" +
  "f56565666577666567655677777fbeds" +
  "kmkkmmmnmnnnnnonoomnonnnnlmnmnno" +
  "mlkmmnnlnmmolmnnllmlnmnnkmmmnmmn" +
  "qqkjmnmpqqqrrqopjlqrrqrollqqsrrr" +
  "koklmllnmmppooqnqrqqrrrrrsrrrrrq" +
  "u";

/** The end of a string. It stands in no string; its first bits are the padding. */
const END_OF_STRING = 256;

/** All symbols in the order of their codes. */
const symbols: readonly number[] = Array.from(LENGTHS, (_, symbol) => symbol)
  .sort((one, other) => lengthOf(one) - lengthOf(other) || one - other);

/** How many codes there are of each length. */
const counts: readonly number[] = Array.from(
  { length: 1 + lengthOf(END_OF_STRING) },
  (_, length) => symbols.filter((symbol) => lengthOf(symbol) === length).length,
);

/** How many bits a symbol takes. */
export function lengthOf(symbol: number): number {
  return Number.parseInt(LENGTHS[symbol] ?? "", 36);
}

/** Decodes a string. Throws where it has the end in it, or is padded otherwise than by less than a byte of 1. */
export function decodeHuffman(bytes: Uint8Array): string {
  const decoded: number[] = [];
  /** The bits since the last symbol, the first code of their length, and how many codes are shorter. */
  let length = 0, code = 0, first = 0, shorter = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code |= byte >> bit & 1;
      const count = counts[++length] ?? 0;
      if (code - first >= count) {
        shorter += count;
        first = first + count << 1;
        code <<= 1;
        continue;
      }
      const symbol = symbols[shorter + code - first] ?? END_OF_STRING;
      if (symbol === END_OF_STRING) throw new Malformed("The end stands in a string");
      decoded.push(symbol);
      length =
        code =
        first =
        shorter =
          0;
    }
  }
  const padding = 2 ** length - 1;
  if (length > 7 || ((bytes.at(-1) ?? 0) & padding) !== padding) {
    throw new Malformed("A string is padded wrongly");
  }
  return Buffer.from(decoded).toString("latin1");
}
