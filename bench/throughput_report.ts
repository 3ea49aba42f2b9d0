/**
 * The report of the throughput benchmark.
 *
 * @module
 */

import type { ThroughputFinding, ThroughputTask } from "./clients/throughput.ts";
import type { RuntimeName } from "./harness/runtimes.ts";
import { median } from "./harness/statistics.ts";
import { drawBar, drawTable, drawVerdict } from "./harness/table.ts";

/** All measurements of one way in one runtime. */
export interface Sample {
  readonly task: ThroughputTask["task"];
  readonly runtime: RuntimeName;
  readonly module: string;
  readonly way: string;
  readonly findings: readonly ThroughputFinding[];
}

/** The project's targets. */
const LEAST_SPEED = 0.95;
const MOST_CPU = 1.25;
const MOST_STALLED = 150e6;

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
const isOurs = ({ module }: Sample) => module === "firstflight";
const rssOf = ({ findings }: Sample) => median(findings.map(({ rss }) => rss));
const cpuOf = ({ findings }: Sample) => median(findings.map(({ cpu }) => cpu));
const speedOf = ({ findings }: Sample, size: number) =>
  size / median(findings.map(({ seconds }) => seconds));

/** Tables, bars and verdicts. */
export function report(samples: readonly Sample[], size: number): string {
  const parts: string[] = [];
  const verdicts: string[] = [];
  for (const task of ["download", "upload", "stall"] as const) {
    for (const runtime of ["deno", "bun", "node"] as const) {
      const group = samples.filter((each) => each.task === task && each.runtime === runtime);
      if (group.length === 0) continue;
      parts.push(task === "stall" ? stalled(group) : moved(group, size));
      verdicts.push(...judge(group, size));
    }
  }
  return [...parts, verdicts.join("\n")].join("\n\n");
}

/** The fastest of the runtime's own ways. Ours are compared with it. */
function best(group: readonly Sample[], size: number): Sample | undefined {
  const natives = group.filter((sample) => !isOurs(sample));
  return natives.toSorted((a, b) => speedOf(b, size) - speedOf(a, size))[0];
}

/**
 * How far a way of ours is from the two targets, by the worse one. At most 1 means that both are
 * met.
 */
function farness(ours: Sample, native: Sample | undefined, size: number): number {
  if (!native) return 0;
  const slow = LEAST_SPEED * speedOf(native, size) / speedOf(ours, size);
  return Math.max(slow, cpuOf(ours) / cpuOf(native) / MOST_CPU);
}

function moved(group: readonly Sample[], size: number): string {
  const native = best(group, size);
  const top = Math.max(...group.map((sample) => speedOf(sample, size)));
  const { task, runtime } = group[0]!;
  const rows = group.map((sample) => {
    const speed = speedOf(sample, size);
    const ratio = native ? (speed / speedOf(native, size)).toFixed(2) : "";
    const cpuRatio = native ? (cpuOf(sample) / cpuOf(native)).toFixed(2) : "";
    return [
      `${isOurs(sample) ? "firstflight " : ""}${sample.way}`,
      (speed / 1e6).toFixed(0),
      ratio,
      cpuOf(sample).toFixed(2),
      cpuRatio,
      megabytes(rssOf(sample)),
      drawBar(speed, top, 30),
    ];
  });
  const heading = [`${task}, ${runtime}`, "MB/s", "ratio", "CPU s", "ratio", "RSS MB"];
  return drawTable([heading, ...rows]);
}

function stalled(group: readonly Sample[]): string {
  const top = Math.max(...group.map(rssOf));
  const rows = group.map((sample) => [
    `${isOurs(sample) ? "firstflight " : ""}${sample.way}`,
    megabytes(rssOf(sample)),
    drawBar(rssOf(sample), top, 30),
  ]);
  return drawTable([[`stalled reader, ${group[0]?.runtime}`, "RSS MB"], ...rows]);
}

function judge(group: readonly Sample[], size: number): string[] {
  const native = best(group, size);
  const far = (sample: Sample) => farness(sample, native, size);
  const [ours] = group.filter(isOurs).sort((a, b) => far(a) - far(b)); // It must meet both targets.
  if (!ours) return [];
  const name = `${ours.runtime}, ${ours.task} by ${ours.way}`;
  if (ours.task === "stall") {
    const what = `${name}: ${megabytes(rssOf(ours))} MB in memory, at most ${
      megabytes(MOST_STALLED)
    }`;
    return [drawVerdict(rssOf(ours) < MOST_STALLED, what)];
  }
  if (!native) return [];
  const speed = speedOf(ours, size) / speedOf(native, size);
  const cpu = cpuOf(ours) / cpuOf(native);
  const speedText = `${speed.toFixed(2)} of ${native.way}'s speed, at least ${LEAST_SPEED}`;
  const cpuText = `${cpu.toFixed(2)} of ${native.way}'s processor time, at most ${MOST_CPU}`;
  return [
    drawVerdict(speed >= LEAST_SPEED, `${name}: ${speedText}`),
    drawVerdict(cpu <= MOST_CPU, `${name}: ${cpuText}`),
  ];
}
