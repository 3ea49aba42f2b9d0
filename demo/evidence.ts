/**
 * A table of what the connections, the kernels and the link between them report.
 *
 * @module
 */

import { median } from "../bench/harness/statistics.ts";
import type { Paint } from "../cli/style.ts";
import { formatMs } from "../cli/text.ts";
import type { Series } from "./series.ts";

type Cell = (series: Series) => string | undefined;

/** What is reported, and by whom. A cell without a value is drawn as a dash: it does not apply. */
const rows: readonly (readonly [name: string, cell: Cell])[] = [
  [
    "conn.fastOpen.outcome",
    ({ findings }) => same(findings.map(({ fastOpen }) => fastOpen.outcome)),
  ],
  ["conn.fastOpen, bytes in the SYN", ({ findings }) => {
    return same(findings.map(({ fastOpen: { synBytes, flightBytes } }) => {
      return synBytes === 0 || synBytes === flightBytes
        ? `${synBytes}`
        : `${synBytes}/${flightBytes}`;
    }));
  }],
  ["conn.earlyData", ({ mode, findings }) => {
    if (mode !== "early-data") return undefined;
    const accepted = findings.filter(({ earlyData }) => earlyData === "accepted").length;
    return `accepted ${accepted} of ${findings.length}`;
  }],
  ["client's kernel, TCPFastOpenActive", ({ counted }) => counted && `+${counted.active}`],
  ["server's kernel, TCPFastOpenPassive", ({ counted }) => counted && `+${counted.passive}`],
  ["link, payload of the SYN", ({ seen }) => {
    return seen && `${same(seen.map(({ synPayload }) => String(synPayload)))} bytes`;
  }],
  ["link, SYN to first byte of answer", ({ seen }) => {
    const times = seen?.flatMap(({ answered }) => answered ?? []);
    return times && times.length > 0 ? formatMs(median(times)) : undefined;
  }],
];

/** Draws a column for each series. Rows without any value are left out. */
export function drawEvidence(
  all: readonly Series[],
  headings: readonly string[],
  paint: Paint,
): string {
  const told = rows
    .map(([name, cell]) => [name, ...all.map((series) => cell(series) ?? "–")])
    .filter((row) => row.slice(1).some((text) => text !== "–"));
  const table = [["", ...headings], ...told];
  const widths = table[0]!.map((_, column) =>
    Math.max(...table.map((row) => row[column]?.length ?? 0))
  );
  return table.map((row, line) =>
    row.map((text, column) => {
      const cell = column === 0
        ? text.padEnd(widths[column] ?? 0)
        : text.padStart(widths[column] ?? 0);
      return column === 0 || line === 0 ? paint("dim", cell) : cell;
    }).join("   ").trimEnd()
  ).join("\n");
}

/** The value that all share, or each value with its number of occurrences. */
function same(values: readonly string[]): string {
  const groups = Map.groupBy(values, (value) => value);
  if (groups.size <= 1) return values[0] ?? "–";
  return [...groups].map(([value, group]) => `${group.length}× ${value}`).join(", ");
}
