/**
 * The C functions that ffi/ declares: their native signatures, each under its C declaration.
 *
 * @module
 */

import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { spelled } from "./entry.ts";

/** A native signature in the source. */
export interface Signature {
  /** The file's name without `.ts`. */
  readonly file: string;
  readonly name: string;
  /** The C declaration in the comment above it. */
  readonly declaration: string;
  /** Its parameters and its result. */
  readonly shape: string;
}

/** Matches a signature and the comment above it. */
const pattern =
  /\/\*\*((?:(?!\*\/).)*)\*\/\s*(?:const )?(\w+)(?: =|:) \{\s*parameters: \[([^\]]*)\],\s*result: "(\w+)"/gs;

/** All native signatures in ffi/. Throws when one has no C declaration above it. */
export function readSignatures(): Signature[] {
  return globSync("ffi/*.ts").sort().flatMap((path) => {
    const file = basename(path, ".ts");
    const source = readFileSync(path, "utf8");
    const found = [...source.matchAll(pattern)].map(([, comment = "", name = "", list, result]) => {
      const declaration = /`([^`]+;)`/.exec(comment.replace(/\s*\n\s*\* ?/g, " "))?.[1];
      if (!declaration) throw new Error(`${path}: no C declaration above ${name}`);
      const parameters = [...(list ?? "").matchAll(/"(\w+)"/g)].map(([, type = ""]) => type);
      return { file, name, declaration, shape: shapeOf(result ?? "", parameters) };
    });
    const all = source.match(/\bparameters: \[/g)?.length ?? 0;
    if (found.length < all) {
      throw new Error(`${path}: ${all - found.length} signatures without a C declaration above`);
    }
    return found;
  });
}

/** In C a buffer is a pointer, too. */
function shapeOf(result: string, parameters: readonly string[]): string {
  const kind = (type: string) => type === "buffer" ? "pointer" : type;
  return spelled.signature(kind(result), parameters.map(kind));
}

/** A shape as FFI sees it where `long` has `bytes` bytes. */
export function withLong(shape: string, bytes: 4 | 8): string {
  return shape.replace(/\b(u?)long\b/g, (_, unsigned) => `${unsigned || "i"}${bytes * 8}`);
}

/** C types on 64-bit platforms other than Windows. */
const kinds: Readonly<Record<string, string>> = {
  "void": "void",
  "int": "i32",
  "unsigned": "u32",
  "unsigned int": "u32",
  "long": "i64",
  "unsigned long": "u64",
  "size_t": "u64",
  "ssize_t": "i64",
  "socklen_t": "u32",
};

/** The parameters and the result of a C declaration, without variadic arguments. */
export function shapeOfDeclaration(declaration: string): string {
  const [, result = "", list = ""] = /^(.*?)\w+\((.*)\);$/.exec(declaration) ?? [];
  const parameters = list === "void" ? [] : list.split(",").map((each) => each.trim());
  const named = parameters.filter((parameter) => parameter !== "...");
  const kindOf = (type: string) =>
    type.includes("*") ? "pointer" : kinds[type.replace("const ", "").trim()] ?? type;
  return spelled.signature(
    kindOf(result),
    named.map((parameter) => kindOf(parameter.replace(/\w+$/, ""))),
  );
}
