/**
 * The report of the benchmark of `firstflight forward`.
 *
 * @module
 */

import type { ForwardSummary } from "./harness/forwarder.ts";
import type { RuntimeName } from "./harness/runtimes.ts";
import { median } from "./harness/statistics.ts";
import { drawTable, drawVerdict } from "./harness/table.ts";

/** Many connections. */
export interface ConnectionsFinding {
  readonly count: number;
  /** What was lost or wrong, in words. */
  readonly wrong: readonly string[];
  readonly seconds: number;
}

/** A download in bytes a second, and the forwarder's seconds of processor time. */
export interface DownloadFinding {
  readonly direct: number;
  readonly through: number;
  readonly cpu: number;
}

/** All that was measured of one runtime. */
export interface ForwardFinding {
  readonly runtime: RuntimeName;
  readonly connections: ConnectionsFinding;
  /** Seconds of processor time for the connections. */
  readonly cpu: number;
  readonly summary: ForwardSummary;
  readonly downloads: DownloadFinding[];
}

/** The project's target: a part of curl's own speed. */
const LEAST_SPEED = 0.8;

const GIB = 1024 ** 3;

/** Tables and verdicts. */
export function report(findings: readonly ForwardFinding[], size: number): string {
  const connections = findings.map((
    { runtime, connections: { count, wrong, seconds }, cpu, summary },
  ) => [
    runtime,
    String(count),
    String(wrong.length),
    String(summary.failed),
    (count / seconds).toFixed(0),
    (cpu / count * 1e3).toFixed(2),
    String(summary.resumed),
    String(summary.earlyData),
  ]);
  const downloads = findings.map((finding) => [
    finding.runtime,
    megabytes(finding.downloads.map(({ direct }) => direct)),
    megabytes(finding.downloads.map(({ through }) => through)),
    ratioOf(finding).toFixed(2),
    (median(finding.downloads.map(({ cpu }) => cpu)) / size * GIB).toFixed(2),
  ]);
  return [
    drawTable([
      [
        "connections",
        "number",
        "wrong",
        "failed",
        "a second",
        "CPU ms each",
        "resumed",
        "early data",
      ],
      ...connections,
    ]),
    drawTable([["download", "curl MB/s", "through MB/s", "ratio", "CPU s/GiB"], ...downloads]),
    findings.flatMap(verdicts).join("\n"),
  ].join("\n\n");
}

function megabytes(speeds: readonly number[]): string {
  return (median(speeds) / 1e6).toFixed(0);
}

/** Of the two downloads that were made one after the other. */
function ratioOf({ downloads }: ForwardFinding): number {
  return median(downloads.map(({ direct, through }) => through / direct));
}

function verdicts(finding: ForwardFinding): string[] {
  const { runtime, connections: { count, wrong }, summary } = finding;
  const right = wrong.length === 0 && summary.connections === count && summary.failed === 0;
  const [first] = wrong;
  const but = first === undefined ? "" : `, such as ${first}`;
  const ratio = ratioOf(finding);
  return [
    drawVerdict(right, `${runtime}: ${count - wrong.length} of ${count} answers are right${but}`),
    ...(Number.isNaN(ratio) ? [] : [
      drawVerdict(
        ratio >= LEAST_SPEED,
        `${runtime}: ${ratio.toFixed(2)} of curl's own speed, at least ${LEAST_SPEED}`,
      ),
    ]),
  ];
}
