/**
 * Connections as lines over a time axis that counts round trips:
 *
 *     RTT 35.7 ms   0             1             2             3 RTT
 *                   ├─────────────┼─────────────┼─────────────┤
 *     plain         ●━━━━━━━━━━━━━━━━━━━━━━━━━━━●━━━━━━━━━━━━━◆  3.02 RTT  107.8 ms
 *                   ╰ SYN        hello, secure ╯    response ╯
 *
 * @module
 */

import { type Axis, makeAxis } from "./axis.ts";
import { type Callout, drawCallouts } from "./callouts.ts";
import { type Paint, painter, type Style } from "./style.ts";
import { formatMs, lengthOf, wrap } from "./text.ts";

/** One moment of a connection. */
export interface WaterfallMark {
  readonly name: string;
  /** Milliseconds. Round trips are counted from 0; earlier times are negative. */
  readonly at: number;
}

/** One connection. Its line leads from its first mark to its last. */
export interface WaterfallRow {
  readonly label: string;
  readonly marks: readonly WaterfallMark[];
  /** A remark under the line. */
  readonly note?: string;
}

/** How to draw. */
export interface WaterfallOptions {
  /** A round trip in milliseconds. 0 where it is unknown: then the axis counts milliseconds. */
  readonly rtt: number;
  /** Columns to fill. Default 80. */
  readonly width?: number;
  /** Whether to use ANSI colours. Default `false`. */
  readonly color?: boolean;
}

/** Longer labels are wrapped. This needs no more lines, as a row has at least two. */
const LABEL_WIDTH = 19;
/** So that all names of a connection, joined, have their place on one side of their point. */
const LEAST_AXIS = 34;
const GAP = "  ";

/**
 * Draws the rows, one under the other, on a common axis. Where there are too few columns for an axis, lists
 * the times. The result ends without a line break.
 */
export function drawWaterfall(
  rows: readonly WaterfallRow[],
  { rtt, width = 80, color = false }: WaterfallOptions,
): string {
  const paint = painter(color);
  const sorted = rows.map(inOrder);
  const times = sorted.flat().map(({ at }) => at);
  const labels = rows.map(({ label }) => wrap(label, LABEL_WIDTH));
  const totals = alignRight(sorted.map((marks) => totalOf(marks.at(-1)?.at, rtt)));
  const title = rtt > 0 ? `RTT ${formatMs(rtt)}` : "";
  const margin = Math.max(...[title, ...labels.flat()].map(lengthOf)) + GAP.length;
  const room = width - margin - GAP.length - Math.max(0, ...totals.map(lengthOf));
  if (room < LEAST_AXIS) return listTimes(rows, { rtt, width, color });
  const axis = makeAxis(Math.min(0, ...times), Math.max(0, ...times), rtt, room);
  const styles = stylesOf(sorted);

  const [numbers = "", rule = ""] = drawAxis(axis);
  const lines = [
    paint("dim", title.padEnd(margin) + numbers),
    paint("dim", " ".repeat(margin) + rule),
  ];
  for (const [index, { note }] of rows.entries()) {
    const points = pointsOf(sorted[index] ?? [], axis, styles);
    const label = labels[index] ?? [];
    const body = [
      drawLine(points, axis, paint) + GAP + paint("bold", totals[index] ?? ""),
      ...drawCallouts(points),
      ...(note ? wrap(note, width - margin).map((line) => paint("dim", line)) : []),
    ];
    if (index > 0) lines.push("");
    for (let line = 0; line < Math.max(label.length, body.length); line++) {
      const left = label[line] ?? "";
      const fill = " ".repeat(margin - lengthOf(left));
      lines.push(paint("bold", left) + fill + (body[line] ?? ""));
    }
  }
  return lines.map((line) => line.trimEnd()).join("\n");
}

/** The marks of a row that have a time, the earliest first. */
function inOrder({ marks }: WaterfallRow): WaterfallMark[] {
  return marks.filter(({ at }) => Number.isFinite(at)).toSorted((a, b) => a.at - b.at);
}

/** The rows as text: labels, and under each its times. */
function listTimes(
  rows: readonly WaterfallRow[],
  { rtt, width, color }: Required<WaterfallOptions>,
): string {
  const paint = painter(color);
  const indent = (line: string) => GAP + line;
  return rows.flatMap((row) => {
    const { label, note } = row;
    const times = inOrder(row).map(({ name, at }) => `${name} ${totalOf(at, rtt).join(", ")}`);
    return [
      ...wrap(label, width).map((line) => paint("bold", line)),
      ...wrap(times.join("; "), width - GAP.length).map(indent),
      ...(note ? wrap(note, width - GAP.length).map((line) => paint("dim", indent(line))) : []),
    ];
  }).join("\n");
}

/** The numbers of the ticks, and the rule under them. */
function drawAxis({ ticks, width, unit }: Axis): string[] {
  let numbers = "";
  const rule = Array<string>(width).fill("─");
  for (const [index, { column, label }] of ticks.entries()) {
    numbers = numbers.padEnd(column) + (index === ticks.length - 1 ? `${label} ${unit}` : label);
    rule[column] = column === 0 ? "├" : column === width - 1 ? "┤" : "┼";
  }
  return [numbers, rule.join("")];
}

/** Colours of the parts of a line. */
const palette: readonly Style[] = ["yellow", "cyan", "green", "magenta", "blue"];

/** A part has the name of the mark that ends it, and the same colour in every row. */
function stylesOf(rows: readonly (readonly WaterfallMark[])[]): Map<string, Style> {
  const names = new Set(rows.flatMap((marks) => marks.slice(1).map(({ name }) => name)));
  return new Map([...names].map((name, index) => [name, palette[index % palette.length] ?? "dim"]));
}

/**
 * Marks with fewer columns between them are drawn as one. The start of a line stays apart if
 * possible.
 */
const CLOSE = 2;
const CLOSE_TO_START = 0.75;

/** Marks that are drawn as one. */
interface Point extends Callout {
  readonly style: Style;
}

function pointsOf(
  marks: readonly WaterfallMark[],
  { position }: Axis,
  styles: ReadonlyMap<string, Style>,
): Point[] {
  const points: Point[] = [];
  let previous = -Infinity;
  for (const { name, at } of marks) {
    const here = position(at);
    const close = points.length === 1 ? CLOSE_TO_START : CLOSE;
    const joined = here - previous < close ? points.pop() : undefined;
    points.push({
      column: Math.round(here),
      text: joined ? `${joined.text}, ${name}` : name,
      style: joined?.style ?? styles.get(name) ?? "dim",
    });
    previous = here;
  }
  return points;
}

/** The line itself, with a bead for every point, and the grid where there is no line. */
function drawLine(points: readonly Point[], { width, ticks }: Axis, paint: Paint): string {
  const start = points[0]?.column ?? 0;
  const end = (points.at(-1)?.column ?? -1) + 1;
  const grid = (from: number, to: number) => {
    const cells = Array<string>(Math.max(0, to - from)).fill(" ");
    for (const { column } of ticks) if (column >= from && column < to) cells[column - from] = "┊";
    return paint("dim", cells.join(""));
  };
  let line = grid(0, start);
  for (const [index, { column, style }] of points.entries()) {
    const before = points[index - 1]?.column ?? column - 1;
    const bead = index === points.length - 1 ? "◆" : "●";
    line += paint(style, "━".repeat(column - before - 1) + bead);
  }
  return line + grid(end, width);
}

function totalOf(at: number | undefined, rtt: number): readonly string[] {
  if (at === undefined) return [];
  return rtt > 0 ? [`${(at / rtt).toFixed(2)} RTT`, formatMs(at)] : [formatMs(at)];
}

/** Joins columns of text, each flush right. */
function alignRight(table: readonly (readonly string[])[]): string[] {
  const widthOf = (column: number) => Math.max(...table.map((row) => lengthOf(row[column] ?? "")));
  return table.map((row) => row.map((cell, column) => cell.padStart(widthOf(column))).join(GAP));
}
