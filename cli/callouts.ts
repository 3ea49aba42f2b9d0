/**
 * Names hung under points of a line:
 *
 *     ●━━━━━━━━━━━━━━━●━━━━━━━◆
 *     ╰ SYN   secure ╯  reply ╯
 *
 * @module
 */

/** A name and its column. No other name of the line has the same column. */
export interface Callout {
  readonly column: number;
  readonly text: string;
}

/** Text in a line, from its first column to its last. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** Blank columns between two names. */
const GAP = 2;

/**
 * Draws the names in lines. A name without room goes one line down, with a rule up to its column.
 * The rightmost name of a line always has room, so there are never more lines than names.
 */
export function drawCallouts(callouts: readonly Callout[]): string[] {
  const lines: string[] = [];
  let waiting = callouts.toSorted((a, b) => b.column - a.column);
  while (waiting.length > 0) {
    const placed: Span[] = [];
    const left: Callout[] = [];
    for (const callout of waiting) {
      // A name that is not placed on this line has its rule here.
      const rules = waiting.filter((other) => other !== callout).map(ruleOf);
      const span = spansOf(callout).find(({ gap, ...span }) =>
        span.from >= 0 && rules.every((rule) => isApart(span, rule, gap)) &&
        placed.every((other) => isApart(span, other, GAP))
      );
      if (span) placed.push(span);
      else left.push(callout);
    }
    lines.push(layOut([...placed, ...left.map(ruleOf)]));
    waiting = left;
  }
  return lines;
}

/**
 * The places for a name: left of its column, because it names the time up to there, or right of it.
 * The place on the right may touch a rule, so that there always is a place.
 */
function spansOf({ column, text }: Callout): (Span & { readonly gap: number })[] {
  const length = [...text].length + 1;
  return [
    { from: column - length, to: column, text: `${text} ╯`, gap: 1 },
    { from: column, to: column + length, text: `╰ ${text}`, gap: 0 },
  ];
}

function ruleOf({ column }: Callout): Span {
  return { from: column, to: column, text: "│" };
}

function isApart(a: Span, b: Span, gap: number): boolean {
  return a.to + gap < b.from || b.to + gap < a.from;
}

function layOut(spans: readonly Span[]): string {
  let line = "";
  let end = 0;
  for (const { from, to, text } of spans.toSorted((a, b) => a.from - b.from)) {
    line += " ".repeat(from - end) + text;
    end = to + 1;
  }
  return line;
}
