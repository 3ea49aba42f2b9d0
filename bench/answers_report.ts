/**
 * The report of the benchmark of early answers.
 *
 * @module
 */

import { RTT } from "./harness/network.ts";
import type { RuntimeName } from "./harness/runtimes.ts";
import { median } from "./harness/statistics.ts";
import { drawTable, drawVerdict } from "./harness/table.ts";

/** The answers of one size, in one runtime and one way. */
export interface Series {
  readonly runtime: RuntimeName;
  readonly how: string;
  /** Bytes of the body. */
  readonly size: number;
  readonly whole: number;
  /** How those ended that were not whole. */
  readonly cut: readonly string[];
}

/** Milliseconds until a client answers a server's first flight. */
export interface Waiting {
  readonly runtime: RuntimeName;
  /** With early data, whose answer might come. */
  readonly early: readonly number[];
  /** Without. */
  readonly late: readonly number[];
}

/** Of a new process each, so many may be lost: it knows nothing of the server. */
const LEAST_WHOLE: Readonly<Record<string, number>> = { "new process each": 0.97 };

/** How much later a server that waits for the Finished may get it. */
const MOST_DELAY = Math.max(0.15 * RTT, 3);

export function report(series: readonly Series[], waits: readonly Waiting[]): string {
  const rows = series.map(({ runtime, how, size, whole, cut }) => [
    `${runtime}, ${how}`,
    `${size.toLocaleString("en")} bytes`,
    `${whole} of ${whole + cut.length} whole`,
    [...new Set(cut)].join(", "),
  ]);
  const delays = waits.map(({ runtime, early, late }) => {
    const delay = median(early) - median(late);
    return drawVerdict(
      delay <= MOST_DELAY,
      `${runtime}: the Finished comes ${delay.toFixed(1)} ms later to a server that waits ` +
        `(median; at most ${MOST_DELAY.toFixed(1)})`,
    );
  });
  const wholes = series.map(({ runtime, how, size, whole, cut }) => {
    const total = whole + cut.length;
    const met = total > 0 && whole >= (LEAST_WHOLE[how] ?? 1) * total;
    return { met, what: `${runtime}, ${how}, ${size} bytes` };
  });
  const missed = wholes.filter(({ met }) => !met).map(({ what }) => drawVerdict(false, what));
  const verdict = missed.length > 0 ? missed : [drawVerdict(true, "answers are whole")];
  return [drawTable(rows), "", ...verdict, ...delays].join("\n");
}
