/**
 * Fields of HTTP messages, and what their names and values may be made of (RFC 9110, section 5).
 *
 * @module
 */

/** A field. Its characters are bytes (ISO 8859-1). */
export type Field = readonly [name: string, value: string];

/** Whether this is a token (RFC 9110, section 5.6.2), as the names of fields are. */
export function isToken(name: string): boolean {
  return /^[!#$%&'*+.^_`|~\w-]+$/.test(name);
}

/**
 * Whether a value has nothing but visible characters, spaces and tabs between them, and what is left to
 * implementations (RFC 9110, section 5.5). NUL, CR and LF are what messages are smuggled by.
 */
export function isFieldValue(value: string): boolean {
  return /^[\t -~\x80-\xff]*$/.test(value) && value === withoutSpaceAround(value);
}

/** Without spaces and tabs at both ends. `trim()` would take more: 0xa0 is a character of a value. */
export function withoutSpaceAround(text: string): string {
  const isSpace = (at: number) => text[at] === " " || text[at] === "\t";
  let start = 0;
  let end = text.length;
  while (isSpace(start)) start++;
  while (end > start && isSpace(end - 1)) end--;
  return text.slice(start, end);
}

/** Whether this may be a host with a port (RFC 3986, section 3.2); one with a user's name is not. */
export function isAuthority(value: string): boolean {
  return /^[\w.~!$&'()*+;=%:[\]-]*$/.test(value);
}
