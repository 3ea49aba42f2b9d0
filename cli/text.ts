/**
 * Text for people: widths, line breaks, times.
 *
 * @module
 */

/** Columns that a text takes. It is right for the letters and drawing characters used here. */
export function lengthOf(text: string): number {
  return [...text].length;
}

/** Breaks a text at spaces. A word longer than `width` stays whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && lengthOf(last) + 1 + lengthOf(word) <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

/** Milliseconds with a sensible number of digits. */
export function formatMs(milliseconds: number): string {
  const size = Math.abs(milliseconds);
  return `${milliseconds.toFixed(size < 10 ? 2 : size < 1000 ? 1 : 0)} ms`;
}
