/**
 * A reader of HPACK, in which HTTP/2 has its fields (RFC 7541).
 *
 * @module
 */

import type { Field } from "../field.ts";
import { Malformed } from "../malformed.ts";
import { DynamicTable, sizeOf } from "./dynamic_table.ts";
import { Octets } from "./octets.ts";
import { staticTable } from "./static_table.ts";

/** How large the table is until a peer has said otherwise (RFC 9113, section 6.5.2). */
const DEFAULT_TABLE_SIZE = 4096;

/** What the fields of one block may take, as the table counts. A byte of a block may stand for 4 kB. */
const LARGEST_LIST = 64 * 1024;

/** The bits that begin a representation (RFC 7541, section 6), where an integer follows in the others. */
const INDEXED = 0x80;
const INDEXED_BITS = 7;
const WITH_INDEXING = 0x40;
const WITH_INDEXING_BITS = 6;
const TABLE_SIZE = 0x20;
const TABLE_SIZE_BITS = 5;
const LITERAL_BITS = 4;

/** Reads the header blocks of one side of a connection, in the order in which they are sent. */
export class HpackReader {
  readonly #table: DynamicTable;
  readonly #maxTableSize: number;

  /** `maxTableSize` is what the reading side has allowed by SETTINGS_HEADER_TABLE_SIZE. */
  constructor(maxTableSize: number = DEFAULT_TABLE_SIZE) {
    this.#maxTableSize = maxTableSize;
    this.#table = new DynamicTable(Math.min(maxTableSize, DEFAULT_TABLE_SIZE));
  }

  /** The fields of a block. Throws {@linkcode Malformed}; nothing can be read after that. */
  read(block: Uint8Array): Field[] {
    const octets = new Octets(block);
    const fields: Field[] = [];
    let size = 0;
    while (!octets.areOver) {
      const start = octets.peek();
      if ((start & ~(TABLE_SIZE - 1)) === TABLE_SIZE) {
        if (fields.length > 0) throw new Malformed("The table is resized within a block");
        this.#resize(octets.readInteger(TABLE_SIZE_BITS));
        continue;
      }
      const field = this.#readField(octets, start);
      size += sizeOf(field);
      if (size > LARGEST_LIST) throw new Malformed("There are too many fields");
      fields.push(field);
    }
    return fields;
  }

  #readField(octets: Octets, start: number): Field {
    if (start & INDEXED) return this.#fieldAt(octets.readInteger(INDEXED_BITS));
    const isKept = (start & WITH_INDEXING) !== 0;
    const index = octets.readInteger(isKept ? WITH_INDEXING_BITS : LITERAL_BITS);
    const name = index === 0 ? octets.readString() : this.#fieldAt(index)[0];
    const field: Field = [name, octets.readString()];
    if (isKept) this.#table.add(field);
    return field;
  }

  /** The field at an index of both tables, the static one first (RFC 7541, section 2.3.3). */
  #fieldAt(index: number): Field {
    const field = staticTable[index - 1] ?? this.#table.at(index - 1 - staticTable.length);
    if (!field) throw new Malformed("There is no such field in the tables");
    return field;
  }

  #resize(size: number): void {
    if (size > this.#maxTableSize) throw new Malformed("The table is larger than is allowed");
    this.#table.resize(size);
  }
}
