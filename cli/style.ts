/**
 * Colour and emphasis for terminals.
 *
 * @module
 */

/** SGR parameters (ECMA-48, 8.3.117). */
const codes = {
  bold: "1",
  dim: "2",
  red: "31",
  green: "32",
  yellow: "33",
  blue: "34",
  magenta: "35",
  cyan: "36",
} as const;

/** A colour or an emphasis. */
export type Style = keyof typeof codes;

/** Applies a style to a text, or returns the text as it is. */
export type Paint = (style: Style, text: string) => string;

/** A painter that emits ANSI sequences, or one that does nothing. */
export function painter(color: boolean): Paint {
  if (!color) return (_style, text) => text;
  return (style, text) => text === "" ? "" : `\x1b[${codes[style]}m${text}\x1b[0m`;
}

/**
 * Whether to colour output to `stream`: a terminal, unless NO_COLOR (no-color.org) or TERM forbids
 * it.
 */
export function wantsColor(
  stream: { readonly isTTY?: boolean },
  env: (name: string) => string | undefined,
): boolean {
  return stream.isTTY === true && !env("NO_COLOR") && env("TERM") !== "dumb";
}
