/**
 * What the benchmark of cold starts says to people.
 *
 * @module
 */

import type { Imports } from "./cold_imports.ts";
import type { Evidence } from "./harness/evidence.ts";
import { counted, type Judged, listObjections } from "./harness/objections.ts";
import { inRoundTrips, type RoundTrip, roundTripOf, show } from "./harness/round_trips.ts";
import type { RuntimeName } from "./harness/runtimes.ts";
import { median, valuesOf } from "./harness/statistics.ts";
import { drawBar, drawTable, drawVerdict } from "./harness/table.ts";

/** One process. */
export interface Measurement extends Evidence, Judged {
  /** Milliseconds from the SYN at the link to the response's first byte in the process. */
  readonly sinceSyn: number;
  /** Milliseconds from the process's start to that byte. */
  readonly sinceStart: number;
  /** Whether the server got what was uploaded, once, as it was sent; absent without upload. */
  readonly intact: boolean | undefined;
}

/** All processes of one kind. */
export interface Series {
  /** Empty for commands. */
  readonly runtime: RuntimeName | "";
  readonly way: string;
  /** Bytes of early data; absent where it is a GET, in whatever way. */
  readonly size: number | undefined;
  readonly measurements: Measurement[];
}

/** The way that is judged. */
export const EARLY = "cookie, early data";

/** The project's bar, in nominal round trips. */
const FIRST_BYTE = 1.05;

/** Bytes of early data for which a SYN has room beside a hello that resumes. */
const FITTING = 900;

/** Whether early data of a size must ride in the SYN; a GET is small. */
export function fits(size = 0): boolean {
  return size <= FITTING;
}

const of = ({ measurements }: Series) => counted(measurements);
const sinceSynOf = (series: Series) => median(of(series).map(({ sinceSyn }) => sinceSyn));
const sinceStartOf = (series: Series) => median(of(series).map(({ sinceStart }) => sinceStart));
const linkOf = (series: Series) => median(of(series).map(({ flow }) => flow?.response ?? NaN));
const synBytesOf = (series: Series) =>
  valuesOf(of(series).map(({ flow }) => flow?.synBytes)).join(", ");
const flightBytesOf = (series: Series) =>
  valuesOf(of(series).map(({ facts }) => facts?.flightBytes)).join(", ");
const intactOf = ({ measurements }: Series) => measurements.filter(({ intact }) => intact).length;

const bytes = (size: number) => `${size.toLocaleString("en")} bytes`;
const nameOf = ({ runtime, way, size }: Series) => {
  if (size !== undefined) return `${runtime}: ${bytes(size)}`;
  return runtime === "" ? way : `${runtime}: firstflight, ${way}`;
};

/** Two tables with bars, what was dropped, and the verdicts. */
export function report(all: readonly Series[], rtt: number): string {
  const trip = roundTripOf(rtt, all.flatMap(of));
  const uploads = all.filter(({ size }) => size !== undefined);
  return [
    `Medians of processes. From the SYN, as the link saw it, to the response's first byte in the\n` +
    `process; "at the link": to its first packet, half way. RTT: nominal, ${rtt} ms; "measured":\n` +
    `${trip.measured.toFixed(2)} ms. "From start": of the process, \`ip netns exec\` included.`,
    tableOf(all.filter(({ size }) => size === undefined), trip),
    `Early data of several sizes, by PUT. Nothing is answered before all of it is there.`,
    uploadsOf(uploads, trip),
    ...listObjections(all.map((series) => ({ ...series, name: nameOf(series) }))),
    all.flatMap((series) => judge(series, trip)).join("\n"),
  ].join("\n\n");
}

/** What imports cost, and how much of that the import of the built package does. */
export function reportImports(all: readonly Imports[]): string {
  const medians = all.map(({ times }) => median(times));
  const rows = all.map(({ runtime, file, times }, index) => {
    const own = medians[all.findIndex((other) => other.runtime === runtime)] ?? NaN;
    const time = medians[index] ?? NaN;
    const bar = drawBar(time, Math.max(...medians), 24);
    return [`${runtime}: ${file}`, `${times.length}`, show(time, 1), show(own / time, 2), bar];
  });
  const head = ["", "n", "import ms", "dist/mod.js as a share"];
  return "Medians of processes. What the import of the package costs, in ms.\n\n" +
    drawTable([head, ...rows]);
}

function tableOf(all: readonly Series[], { nominal, measured }: RoundTrip): string {
  const columns = ["first byte ms", "RTT", "measured", "at the link", "from start ms"];
  const slowest = Math.max(...all.map((series) => sinceSynOf(series) || 0));
  const rows = all.map((series) => {
    const sinceSyn = sinceSynOf(series);
    return [
      nameOf(series),
      `${of(series).length}`,
      synBytesOf(series),
      show(sinceSyn, 1),
      show(sinceSyn / nominal, 2),
      show(sinceSyn / measured, 2),
      show(linkOf(series) / measured, 2),
      show(sinceStartOf(series), 0),
      drawBar(sinceSyn, slowest, 24),
    ];
  });
  return drawTable([["", "n", "SYN bytes", ...columns], ...rows]);
}

function uploadsOf(all: readonly Series[], { nominal, measured }: RoundTrip): string {
  const columns = ["of the flight's", "first byte ms", "RTT", "measured", "intact"];
  const slowest = Math.max(...all.map((series) => sinceSynOf(series) || 0));
  const rows = all.map((series) => {
    const sinceSyn = sinceSynOf(series);
    return [
      nameOf(series),
      `${of(series).length}`,
      synBytesOf(series),
      flightBytesOf(series),
      show(sinceSyn, 1),
      show(sinceSyn / nominal, 2),
      show(sinceSyn / measured, 2),
      `${intactOf(series)} of ${series.measurements.length}`,
      drawBar(sinceSyn, slowest, 24),
    ];
  });
  return drawTable([["", "n", "SYN bytes", ...columns], ...rows]);
}

/** Verdicts by nominal round trips; in brackets the same in those that the link measured. */
function judge(series: Series, trip: RoundTrip): string[] {
  const { runtime, way, size, measurements } = series;
  if (way !== EARLY) return [];
  const name = size === undefined ? `${runtime}, ${way}` : nameOf(series);
  const verdicts: string[] = [];
  if (fits(size)) {
    const [riding, all] = [of(series).length, measurements.length];
    const what = `${riding} of ${all} requests rode in the SYN, and early to nginx`;
    verdicts.push(drawVerdict(riding === all, `${name}: ${what}`));
  }
  if (fits(size) && of(series).length > 0) {
    const value = sinceSynOf(series);
    const what = `first byte ${inRoundTrips(value, trip)} after the SYN`;
    const met = value / trip.nominal <= FIRST_BYTE;
    verdicts.push(drawVerdict(met, `${name}: ${what}, at most ${FIRST_BYTE.toFixed(2)}`));
  }
  if (size !== undefined) {
    const [intact, all] = [intactOf(series), measurements.length];
    const what = `${intact} of ${all} arrived once, every byte in its place`;
    verdicts.push(drawVerdict(intact === all, `${name}: ${what}`));
  }
  return verdicts;
}
