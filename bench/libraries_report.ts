/**
 * The report of the benchmark of libraries.
 *
 * @module
 */

import type { LibraryName } from "./clients/libraries.ts";
import { show } from "./harness/round_trips.ts";
import type { RuntimeName } from "./harness/runtimes.ts";
import { median } from "./harness/statistics.ts";
import { drawTable, drawVerdict } from "./harness/table.ts";

/** All requests of one kind. */
export interface Series {
  readonly runtime: RuntimeName;
  readonly library: LibraryName;
  /** Over the library's own TLS, over sockets of this package, or over what the flag makes of its own TLS. */
  readonly way: "own TLS" | "early data" | "flag";
  /** Milliseconds until the head of the answer. */
  readonly heads: number[];
  /** Requests that should have been early data, and were not. They are not counted. */
  late: number;
}

/** The project's target, in nominal round trips. */
const EARLY_HEAD = 1.20;

/** A table, and the verdicts. */
export function report(all: readonly Series[], rtt: number): string {
  const heading = ["", "n", "not early", "head of the answer ms", "RTT"];
  const nameOf = ({ runtime, library, way }: Series) => `${runtime}: ${library}, ${way}`;
  const rows = all.map((series) => {
    const head = median(series.heads);
    const late = series.way === "own TLS" ? "" : `${series.late}`;
    return [nameOf(series), `${series.heads.length}`, late, show(head, 1), show(head / rtt, 2)];
  });
  const verdicts = all.filter(({ way }) => way !== "own TLS").map((series) => {
    const trips = median(series.heads) / rtt;
    const name = nameOf(series);
    const what = `${name}: after ${show(trips, 2)} RTT, at most ${EARLY_HEAD.toFixed(2)}`;
    return drawVerdict(trips <= EARLY_HEAD, what);
  });
  return [
    `Medians, from the call to the head of the answer. RTT: nominal, ${rtt} ms.`,
    drawTable([heading, ...rows]),
    verdicts.join("\n"),
  ].join("\n\n");
}
