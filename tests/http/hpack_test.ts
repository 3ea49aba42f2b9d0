/** HPACK (RFC 7541): its own examples, round trips, and what must not be read. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Field } from "../../http/field.ts";
import { decodeHuffman, lengthOf } from "../../http/hpack/huffman.ts";
import { Octets } from "../../http/hpack/octets.ts";
import { HpackReader } from "../../http/hpack/reader.ts";
import { staticTable } from "../../http/hpack/static_table.ts";
import { Malformed } from "../../http/malformed.ts";
import { mulberry32 } from "../netlab/middlebox.ts";
import {
  type Choice,
  codeOf,
  encodeHuffman,
  fromBits,
  HpackWriter,
  integer,
} from "./hpack_writer.ts";

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ""), "hex");
}

/** `name: value` a line. */
function fieldsOf(text: string): Field[] {
  return text.trim().split("\n").map((line): Field => {
    const [, name = "", value = ""] = /^\s*(:?[^:]+): (.*)$/.exec(line) ?? [];
    return [name, value];
  });
}

/** What the dynamic table has, the newest first. To read indexed fields does not change it. */
function tableOf(reader: HpackReader): Field[] {
  const entries: Field[] = [];
  for (let index = staticTable.length + 1;; index++) {
    try {
      entries.push(...reader.read(integer(0x80, 7, index)));
    } catch {
      return entries;
    }
  }
}

test("RFC 7541, C.1: integers", () => {
  assert.equal(new Octets(hex("0a")).readInteger(5), 10); // C.1.1
  assert.equal(new Octets(hex("1f9a0a")).readInteger(5), 1337); // C.1.2
  assert.equal(new Octets(hex("2a")).readInteger(8), 42); // C.1.3
});

const examples: Readonly<Record<string, readonly [tableSize: number, ...blocks: Example[]]>> = {
  "C.2.1: a literal with indexing": [4096, {
    block: "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
    fields: "custom-key: custom-header",
    table: "custom-key: custom-header",
  }],
  "C.2.2: a literal without indexing": [4096, {
    block: "040c 2f73 616d 706c 652f 7061 7468",
    fields: ":path: /sample/path",
  }],
  "C.2.3: a literal that is never indexed": [4096, {
    block: "1008 7061 7373 776f 7264 0673 6563 7265 74",
    fields: "password: secret",
  }],
  "C.2.4: an indexed field": [4096, { block: "82", fields: ":method: GET" }],
  "C.3: requests": [
    4096,
    ...requests([
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ]),
  ],
  "C.4: requests with Huffman's code": [
    4096,
    ...requests([
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ]),
  ],
  "C.5: responses, in a table of 256": [
    256,
    ...responses([
      `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a
     3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
      "4803 3330 37c1 c0bf",
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04
     677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49
     553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31`,
    ]),
  ],
  "C.6: responses with Huffman's code, in a table of 256": [
    256,
    ...responses([
      `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e
     919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3`,
      "4883 640e ffc1 c0bf",
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7
     821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed
     4ee5 b106 3d50 07`,
    ]),
  ],
};

interface Example {
  readonly block: string;
  readonly fields: string;
  readonly table?: string;
}

function requests([first = "", second = "", third = ""]: readonly string[]): Example[] {
  const common = (scheme: string, path: string) =>
    `:method: GET\n:scheme: ${scheme}\n:path: ${path}\n:authority: www.example.com\n`;
  const authority = ":authority: www.example.com";
  return [
    { block: first, fields: common("http", "/"), table: authority },
    {
      block: second,
      fields: `${common("http", "/")}cache-control: no-cache`,
      table: `cache-control: no-cache\n${authority}`,
    },
    {
      block: third,
      fields: `${common("https", "/index.html")}custom-key: custom-value`,
      table: `custom-key: custom-value\ncache-control: no-cache\n${authority}`,
    },
  ];
}

function responses([first = "", second = "", third = ""]: readonly string[]): Example[] {
  const date = (second: number) => `date: Mon, 21 Oct 2013 20:13:2${second} GMT`;
  const location = "location: https://www.example.com";
  const control = "cache-control: private";
  const coding = "content-encoding: gzip";
  const cookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
  const lines = (...each: readonly string[]) => each.join("\n");
  return [
    {
      block: first,
      fields: lines(":status: 302", control, date(1), location),
      table: lines(location, date(1), control, ":status: 302"),
    },
    {
      block: second,
      fields: lines(":status: 307", control, date(1), location),
      table: lines(":status: 307", location, date(1), control),
    },
    {
      block: third,
      fields: lines(":status: 200", control, date(2), location, coding, cookie),
      table: lines(cookie, coding, date(2)),
    },
  ];
}

for (const [name, [tableSize, ...blocks]] of Object.entries(examples)) {
  test(`RFC 7541, ${name}`, () => {
    const reader = new HpackReader(tableSize);
    for (const { block, fields, table } of blocks) {
      assert.deepEqual(reader.read(hex(block)), fieldsOf(fields));
      assert.deepEqual(tableOf(reader), table === undefined ? [] : fieldsOf(table));
    }
  });
}

/** Hashes of both tables as the RFC prints them, one line each, taken from another implementation. */
const STATIC_TABLE_SHA256 = "f83db06ecc2628fd0208e27841b1180fd9d1770d457d7d8d1e27d0f80c905249";
const HUFFMAN_SHA256 = "d88e9b31655724206f12c52c51043eb497f32851381fcaa37b495f507e0b62ee";

function sha256(...lines: readonly string[]): string {
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}

test("RFC 7541, A: the static table", () => {
  const lines = staticTable.map(([name, value]) => `${name}: ${value}`);
  assert.equal(sha256(...lines), STATIC_TABLE_SHA256);
});

test("RFC 7541, B: the Huffman code", () => {
  const symbols = Array.from({ length: 257 }, (_, symbol) => symbol);
  assert.equal(sha256(...symbols.map(codeOf)), HUFFMAN_SHA256);
  // No bits are without a meaning, and none have two.
  assert.equal(symbols.reduce((sum, symbol) => sum + 2 ** -lengthOf(symbol), 0), 1);
});

test("RFC 7541, 5.2: each byte has its code; padding is less than a byte of the end's first bits", () => {
  for (let symbol = 0; symbol < 256; symbol++) {
    const text = String.fromCharCode(symbol);
    assert.equal(decodeHuffman(encodeHuffman(text)), text);
    const spare = 8 - codeOf(symbol).length % 8;
    const zeros = encodeHuffman(text, "0"); // Five of them are a symbol.
    if (spare === 5) assert.equal(decodeHuffman(zeros), `${text}0`);
    else if (spare < 8) assert.throws(() => decodeHuffman(zeros), Malformed, text);
    const longer = Buffer.concat([encodeHuffman(text), Buffer.from([0xff])]);
    assert.throws(() => decodeHuffman(longer), Malformed, text);
  }
  assert.equal(decodeHuffman(Buffer.alloc(0)), "");
  assert.throws(() => decodeHuffman(Buffer.from([0xff])), Malformed);
});

test("RFC 7541, 5.2: the end of a string stands in no string", () => {
  const end = `${codeOf(97)}${codeOf(256)}${codeOf(97)}`;
  assert.throws(() => decodeHuffman(fromBits(end.padEnd(40, "1"))), Malformed);
});

test("RFC 7541, 5.1: integers that are too large, in value or in octets, are not read", () => {
  assert.equal(new Octets(hex("7f ffffff7f")).readInteger(7), 127 + 2 ** 28 - 1);
  assert.equal(new Octets(hex("7f 80808000")).readInteger(7), 127);
  for (
    const octets of ["7f 8080808000", "7f ffffffff0f", `7f ${"80".repeat(1000)}00`, "7f", "7fff"]
  ) {
    assert.throws(() => new Octets(hex(octets)).readInteger(7), Malformed, octets);
  }
});

/** Blocks that nobody should have sent, and why. */
const wrong: Readonly<Record<string, string>> = {
  "index 0 (6.1)": "80",
  "an index beyond both tables (2.3.3)": "be",
  "a name beyond both tables (2.3.3)": "7f00 00",
  "a field that ends before its name": "40",
  "a field that ends within its name": "4003 6162",
  "a field that ends before its value": "4001 61",
  "a field that ends within its value": "4001 6102 62",
  "a string longer than what any block has": "4001 617f ffff ff7f",
  "a table larger than is allowed (6.3)": "3fe2 1f",
  "a table resized after a field (4.2)": "82 20",
};

for (const [name, block] of Object.entries(wrong)) {
  test(`RFC 7541: ${name}`, () => {
    assert.throws(() => new HpackReader(4096).read(hex(block)), Malformed);
  });
}

test("RFC 7541, 4: a table is resized, emptied by what is too large for it, and evicts the oldest", () => {
  const writer = new HpackWriter();
  const reader = new HpackReader();
  const kept = (): Choice => ({ kind: "kept", isNameIndexed: true, isHuffman: false });
  const entry = (name: string, length: number): Field => [name, "v".repeat(length - 33)];
  reader.read(writer.write([entry("a", 100), entry("b", 100), entry("c", 100)], kept));
  assert.deepEqual(tableOf(reader).map(([name]) => name), ["c", "b", "a"]);
  reader.read(writer.resize(200));
  assert.deepEqual(tableOf(reader).map(([name]) => name), ["c", "b"]);
  reader.read(Buffer.concat([writer.resize(0), writer.resize(4096)])); // Both in one block.
  assert.deepEqual(tableOf(reader), []);
  reader.read(writer.write([entry("d", 4096)], kept));
  assert.deepEqual(tableOf(reader).map(([name]) => name), ["d"]);
  reader.read(writer.write([entry("e", 4097)], kept));
  assert.deepEqual(tableOf(reader), []);
});

test("RFC 7541, 7.3: a small block does not become a large list", () => {
  const writer = new HpackWriter();
  const bomb = writer.write([["a", "v".repeat(3000)]], () => (
    { kind: "kept", isNameIndexed: false, isHuffman: false }
  ));
  const reader = new HpackReader();
  assert.equal(reader.read(Buffer.concat([bomb, Buffer.alloc(10, 0xbe)])).length, 11);
  assert.throws(() => reader.read(Buffer.alloc(10_000, 0xbe)), Malformed);
});

/** Fields as they may be, and as they should not be: any bytes, tables' names, some of them again. */
function randomFields(random: () => number): Field[] {
  const below = (most: number) => Math.floor(most * random());
  const text = () =>
    String.fromCharCode(...Array.from({ length: below(40) }, () => below(below(2) ? 256 : 128)));
  const known = () => staticTable[below(staticTable.length)] ?? [text(), text()];
  return Array.from({ length: below(8) }, (): Field => {
    const [name, value] = known();
    return below(3)
      ? [name, value]
      : [below(2) ? name : `x-${below(5)}`, below(2) ? `${below(9)}` : text()];
  });
}

function randomChoice(random: () => number): Choice {
  const kinds = ["indexed", "kept", "not kept", "never kept"] as const;
  return {
    kind: kinds[Math.floor(4 * random())] ?? "kept",
    isNameIndexed: random() < 0.5,
    isHuffman: random() < 0.5,
  };
}

test("what is written in any way is read, block after block", () => {
  const random = mulberry32(7541);
  for (let connection = 0; connection < 100; connection++) {
    const writer = new HpackWriter();
    const reader = new HpackReader();
    for (let block = 0; block < 10; block++) {
      const fields = randomFields(random);
      const resized = random() < 0.2 ? writer.resize(Math.floor(4096 * random())) : Buffer.alloc(0);
      const written = Buffer.concat([resized, writer.write(fields, () => randomChoice(random))]);
      assert.deepEqual(reader.read(written), fields);
    }
  }
});

test("what was altered on the way is read as something else, or not at all", () => {
  const random = mulberry32(1457);
  const below = (most: number) => Math.floor(most * random());
  let refused = 0;
  for (let block = 0; block < 5000; block++) {
    const written = new HpackWriter().write(randomFields(random), () => randomChoice(random));
    for (let times = 0; times <= below(3); times++) written[below(written.length)] = below(256);
    try {
      new HpackReader().read(written.subarray(0, written.length - below(3)));
    } catch (error) {
      assert.ok(error instanceof Malformed, String(error));
      refused++;
    }
  }
  assert.ok(refused > 500, `only ${refused} refused`);
});
