/**
 * JSON (RFC 8259) that a person has written: as `JSON.parse` reads it, but every value knows its line, and
 * a name that stands twice in an object is a mistake.
 *
 * @module
 */

import { UsageError } from "../usage.ts";

/** A value, and the line that it begins in. */
export interface Located {
  readonly line: number;
  readonly value: string | number | boolean | null | readonly Located[] | Members;
}

/** The members of an object. */
export type Members = ReadonlyMap<string, Located>;

/**
 * Reads a text.
 *
 * @throws {UsageError} with the line, what was expected there, and what was found
 */
export function readJson(text: string): Located {
  const reader = new Reader(text);
  const value = reader.value();
  reader.end();
  return value;
}

/** What a value is, in words. */
export function kindOf({ value }: Located): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Map) return "an object";
  return typeof value === "string" ? `"${value}"` : String(value);
}

/** A string as a whole, and a number or a word. `JSON.parse` judges what is inside. */
const STRING = /"(?:[^"\\\n]|\\.)*"/y;
const WORD = /[-+.\w]+/y;
const SPACE = /[ \t\r\n]*/y;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text.replace(/^\ufeff/, ""); // Some editors begin a file with it.
  }

  value(): Located {
    const next = this.#next();
    const line = this.#line();
    if (next === "{") return { line, value: this.#object() };
    if (next === "[") return { line, value: this.#list() };
    if (next === '"') return { line, value: this.#string() };
    return { line, value: this.#word() };
  }

  end(): void {
    if (this.#next() !== "") throw this.#unexpected("the end of the file");
  }

  #object(): Members {
    const members = new Map<string, Located>();
    this.#items("}", () => {
      if (this.#next() !== '"') throw this.#unexpected("a name in double quotes");
      const line = this.#line();
      const name = this.#string();
      const before = members.get(name);
      if (before) {
        throw new UsageError(`line ${line}: "${name}" stands in line ${before.line} already`);
      }
      this.#take(":", `a colon after "${name}"`);
      members.set(name, this.value());
    });
    return members;
  }

  #list(): Located[] {
    const values: Located[] = [];
    this.#items("]", () => void values.push(this.value()));
    return values;
  }

  /** Items with commas between them, from the bracket that opens to the one that closes. */
  #items(close: string, read: () => void): void {
    this.#at++;
    if (this.#next() === close) return void this.#at++;
    for (;;) {
      read();
      if (this.#next() === close) return void this.#at++;
      this.#take(",", `a comma or ${close}`);
    }
  }

  #string(): string {
    const text = this.#match(STRING);
    if (text === undefined) throw this.#mistake("this string does not end in its line");
    return this.#parsed(text) as string;
  }

  #word(): number | boolean | null {
    const from = this.#at;
    const text = this.#match(WORD);
    if (text === undefined) throw this.#unexpected("a value");
    const end = this.#at;
    this.#at = from; // A mistake is reported where the word begins.
    const value = this.#parsed(text);
    this.#at = end;
    return value as number | boolean | null;
  }

  #parsed(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#mistake(`${text} is no value of JSON`);
    }
  }

  #take(character: string, expected: string): void {
    if (this.#next() !== character) throw this.#unexpected(expected);
    this.#at++;
  }

  /** The next character that is no space; empty at the end. */
  #next(): string {
    this.#match(SPACE);
    return this.#text[this.#at] ?? "";
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    this.#at += found?.length ?? 0;
    return found;
  }

  #line(): number {
    return this.#text.slice(0, this.#at).split("\n").length;
  }

  #unexpected(expected: string): UsageError {
    const found = this.#text[this.#at];
    return this.#mistake(
      `expected ${expected}, got ${found === undefined ? "the end of the file" : `"${found}"`}`,
    );
  }

  #mistake(what: string): UsageError {
    return new UsageError(`line ${this.#line()}: ${what}`);
  }
}
