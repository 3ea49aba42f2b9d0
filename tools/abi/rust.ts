/**
 * Evidence from Rust's `libc` crate: C's declarations of a platform, written in Rust and tested
 * there against the platform's headers.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Evidence, type Question, spelled } from "./entry.ts";
import { shapeOfDeclaration } from "./signatures.ts";

/** The files that apply to a platform, and the names that hold in its `cfg` attributes. */
export interface RustPlatform {
  /** Paths below the crate's folder, the most specific first. */
  readonly modules: readonly string[];
  readonly cfg: readonly string[];
}

/** Rust's types that FFI can pass, with their C sizes. */
const primitives: Readonly<Record<string, { size: number; kind?: string }>> = {
  u8: { size: 1 },
  c_char: { size: 1 },
  u16: { size: 2 },
  i32: { size: 4, kind: "i32" },
  c_int: { size: 4, kind: "i32" },
  u32: { size: 4, kind: "u32" },
  c_uint: { size: 4, kind: "u32" },
  i64: { size: 8, kind: "i64" },
  c_long: { size: 8, kind: "i64" },
  ssize_t: { size: 8, kind: "i64" },
  u64: { size: 8, kind: "u64" },
  c_ulong: { size: 8, kind: "u64" },
  size_t: { size: 8, kind: "u64" },
};

interface Field {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

interface Layout {
  readonly size: number;
  readonly align: number;
  readonly fields: readonly Field[];
}

/** Answers what the crate in `folder` says of a platform. */
export function rustEvidence(folder: string, platform: RustPlatform): Evidence {
  const crate = new Crate(folder, platform);
  return {
    name: "Rust's libc crate",
    answer(questions) {
      const answers = new Map<Question, string>();
      for (const question of questions) {
        const answer = crate.answer(question);
        if (answer !== undefined) answers.set(question, answer);
      }
      return answers;
    },
  };
}

class Crate {
  #sources: string[];
  #cfg: readonly string[];

  constructor(folder: string, { modules, cfg }: RustPlatform) {
    this.#sources = modules.map((path) => readFileSync(join(folder, path), "utf8"));
    this.#cfg = cfg;
  }

  answer(question: Question): string | undefined {
    if ("constant" in question) {
      const value = this.#constant(question.constant);
      return value === undefined ? undefined : spelled.number(value);
    }
    if ("sizeOf" in question) {
      if (question.sizeOf === "long") return this.#sizeOfLong();
      const layout = this.#struct(question.sizeOf);
      return layout && spelled.number(layout.size);
    }
    if ("offsetOf" in question) {
      const field = this.#field(question.in, question.offsetOf);
      return field && spelled.number(field.offset);
    }
    if ("endOf" in question) {
      const field = this.#field(question.in, question.endOf);
      return field && spelled.number(field.offset + field.size);
    }
    if ("placeOf" in question) {
      const field = this.#field(question.in, question.placeOf);
      return field && spelled.place(field.offset, field.size);
    }
    if ("signatureOf" in question) return this.#shape(question.signatureOf);
    if ("declaration" in question) {
      const shape = this.#shape(question.of);
      if (shape === undefined) return undefined;
      const agrees = shape === shapeOfDeclaration(question.declaration);
      return agrees ? spelled.agreed : spelled.otherwise;
    }
    if ("absentMacro" in question) return this.#absence(`const ${question.absentMacro}:`);
    if ("absentFunction" in question) return this.#absence(`fn ${question.absentFunction}(`);
    return undefined;
  }

  /** The first match of `pattern`, in the most specific file that has one. */
  #find(pattern: RegExp): string | undefined {
    for (const source of this.#sources) {
      const [, found] = pattern.exec(source) ?? [];
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #sizeOfLong(): string | undefined {
    const type = this.#find(/pub type c_long = (\w+);/);
    const size = type === undefined ? undefined : primitives[type]?.size;
    return size === undefined ? undefined : spelled.number(size);
  }

  #absence(declaration: string): string {
    const listed = this.#sources.some((source) => source.includes(`pub ${declaration}`));
    return listed ? spelled.present : spelled.absent;
  }

  #constant(name: string): number | undefined {
    const expression = this.#find(new RegExp(`pub const ${name}: \\w+ = ([^;]+);`));
    if (expression === undefined) return undefined;
    return /^(-?\d|0x)/.test(expression) ? Number(expression) : this.#constant(expression);
  }

  #shape(name: string): string | undefined {
    const text = this.#find(new RegExp(`pub fn ${name}(\\([^)]*\\)[^;]*);`));
    const [, list = "", result = "void"] = /^\(([^)]*)\)(?:\s*-> (.*))?$/s.exec(text ?? "") ?? [];
    if (text === undefined) return undefined;
    const parameters = [...list.matchAll(/\w+: ([^,]+)/g)].map(([, type = ""]) => type.trim());
    return spelled.signature(
      this.#kind(result),
      parameters.filter((type) => type !== "...").map((type) => this.#kind(type)),
    );
  }

  #kind(type: string): string {
    if (type === "void") return type;
    return type.startsWith("*") ? "pointer" : this.#resolved(type).kind ?? type;
  }

  /** A primitive type, possibly under another name. */
  #resolved(type: string): { size: number; kind?: string } {
    const name = type.replace("crate::", "");
    const primitive = primitives[name];
    if (primitive) return primitive;
    const alias = this.#find(new RegExp(`pub type ${name} = ([^;]+);`));
    if (alias === undefined) throw new Error(`Rust's libc crate: what is the type ${type}?`);
    return this.#resolved(alias);
  }

  #field(struct: string, name: string): Field | undefined {
    return this.#struct(struct)?.fields.find((field) => field.name === name);
  }

  /** Lays out `struct` as C does. */
  #struct(struct: string): Layout | undefined {
    const name = struct.replace("struct ", "").replace("crate::", "");
    const body = this.#find(new RegExp(`pub struct ${name} \\{([^}]*)\\}`));
    if (body === undefined) return undefined;
    const fields: Field[] = [];
    let end = 0;
    let align = 1;
    for (
      const [, cfg, field = "", type = ""] of body.matchAll(
        /(?:#\[cfg\((.*)\)\]\s*)?(?:pub )?(\w+): (\[[^\]]*\]|[^,\n]+),/g,
      )
    ) {
      if (cfg !== undefined && !this.#holds(cfg)) continue;
      const { size, align: own } = this.#measure(type);
      const offset = Math.ceil(end / own) * own;
      fields.push({ name: field, offset, size });
      end = offset + size;
      align = Math.max(align, own);
    }
    return { size: Math.ceil(end / align) * align, align, fields };
  }

  #measure(type: string): { size: number; align: number } {
    if (type.startsWith("*")) return { size: 8, align: 8 };
    const [, element, length] = /^\[(.*); (.*)\]$/.exec(type) ?? [];
    if (element !== undefined) {
      const { size, align } = this.#measure(element);
      return { size: size * Number(length), align };
    }
    const struct = this.#struct(type);
    if (struct) return struct;
    const { size } = this.#resolved(type);
    return { size, align: size };
  }

  /** Whether a `cfg` predicate holds: `any(freebsd15, freebsd14)`, `not(freebsd14)`. */
  #holds(predicate: string): boolean {
    const [, operator, list = ""] = /^(any|not)\((.*)\)$/.exec(predicate) ?? [];
    if (operator === "not") return !this.#holds(list);
    if (operator === "any") return list.split(", ").some((each) => this.#holds(each));
    return this.#cfg.includes(predicate);
  }
}
