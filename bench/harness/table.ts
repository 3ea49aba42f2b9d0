/**
 * Tables and bars of plain text.
 *
 * @module
 */

/** Lines of cells in columns: the first flush left, the others flush right. */
export function drawTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from(
    { length: columns },
    (_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 || cell.startsWith("█") ? cell.padEnd(width) : cell.padStart(width);
    }).join("  ").trimEnd()
  ).join("\n");
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar for `value`, where `full` takes `width` columns. It begins with a full block. */
export function drawBar(value: number, full: number, width: number): string {
  if (!(value > 0) || !(full > 0)) return "";
  const eighths = Math.max(8, Math.round(Math.min(value / full, 1) * width * 8));
  return "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
}

/** A line that says whether a target was met. */
export function drawVerdict(met: boolean, what: string): string {
  return `${met ? "met    " : "NOT MET"}  ${what}`;
}
