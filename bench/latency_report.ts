/**
 * The report of the latency benchmark.
 *
 * @module
 */

import type { Evidence } from "./harness/evidence.ts";
import { kindOf, runtimeKinds } from "./harness/kinds.ts";
import { counted, type Judged, listObjections } from "./harness/objections.ts";
import { inRoundTrips, type RoundTrip, roundTripOf, show } from "./harness/round_trips.ts";
import type { RuntimeName } from "./harness/runtimes.ts";
import { median } from "./harness/statistics.ts";
import { drawBar, drawTable, drawVerdict } from "./harness/table.ts";

/** One connection. */
export interface Measurement extends Evidence, Judged {}

/** All connections of one kind. */
export interface Series {
  /** Empty for commands. */
  readonly runtime: RuntimeName | "";
  readonly way: string;
  readonly measurements: Measurement[];
}

/** The project's targets, in nominal round trips. */
const HANDSHAKE = 1.10;
const FIRST_BYTE = 2.10;
/** The runtime's own TLS needs several turns of the event loop for the work of one OpenSSL call. */
const RUNTIME_HANDSHAKE = 1.15;
const RUNTIME_FIRST_BYTE = 2.15;
const EARLY_FIRST_BYTE = 1.05;
const LEAST_SAVED = 0.97;

const of = ({ measurements }: Series) => counted(measurements);
const handshakeOf = (series: Series) =>
  median(of(series).flatMap(({ handshake }) => handshake ?? []));
const firstByteOf = (series: Series) =>
  median(of(series).flatMap(({ firstByte }) => firstByte ?? []));
const linkOf = (series: Series) => median(of(series).map(({ flow }) => flow?.response ?? NaN));

const nameOf = ({ runtime, way }: Series) => {
  const own = kindOf(way) ? `firstflight, ${way}` : way;
  return runtime === "" ? own : `${runtime}: ${own}`;
};

/** A table with bars, what was not counted, and the verdicts. */
export function report(all: readonly Series[], rtt: number): string {
  const trip = roundTripOf(rtt, all.flatMap(of));
  const { measured } = trip;
  const heading = ["", "n", "secure ms", "RTT", "first byte ms", "RTT", "measured", "at the link"];
  const slowest = Math.max(...all.map((series) => firstByteOf(series) || 0));
  const rows = all.map((series) => {
    const handshake = handshakeOf(series);
    const firstByte = firstByteOf(series);
    return [
      nameOf(series),
      `${of(series).length}`,
      show(handshake, 1),
      show(handshake / rtt, 2),
      show(firstByte, 1),
      show(firstByte / rtt, 2),
      show(firstByte / measured, 2),
      show(linkOf(series) / measured, 2),
      drawBar(firstByte, slowest, 24),
    ];
  });
  return [
    `Medians. RTT: nominal, ${rtt} ms; "measured" and "at the link": ${
      measured.toFixed(2)
    } ms, as ` +
    `the link saw it.\n"At the link" is from the SYN to the response's first packet, seen half way.`,
    drawTable([heading, ...rows]),
    ...listObjections(all.map((series) => ({ ...series, name: nameOf(series) }))),
    all.flatMap((series) => judge(series, all, trip)).join("\n"),
  ].join("\n\n");
}

/** Verdicts in nominal round trips, and in brackets in measured ones. */
function judge(
  series: Series,
  all: readonly Series[],
  trip: RoundTrip,
): string[] {
  const { runtime, way } = series;
  const kind = kindOf(way);
  if (!kind?.fastOpen || of(series).length === 0) return [];
  const name = `${runtime}, ${way}`;
  const inTrips = (value: number) => inRoundTrips(value, trip);
  const verdict = (what: string, value: number, bar: number) =>
    drawVerdict(
      value / trip.nominal <= bar,
      `${name}: ${what} after ${inTrips(value)}, at most ${bar.toFixed(2)}`,
    );
  const [handshake, firstByte] = way in runtimeKinds
    ? [RUNTIME_HANDSHAKE, RUNTIME_FIRST_BYTE]
    : [HANDSHAKE, FIRST_BYTE];
  const verdicts = kind.early
    ? [verdict("first byte, the request inside the SYN,", firstByteOf(series), EARLY_FIRST_BYTE)]
    : [
      verdict("handshake", handshakeOf(series), handshake),
      verdict("first byte", firstByteOf(series), firstByte),
    ];
  const plain = all.find((each) =>
    each.runtime === runtime && each.way === way.replace("cookie", "plain")
  );
  if (plain && of(plain).length > 0) {
    const saved = firstByteOf(plain) - firstByteOf(series);
    const what = `${inTrips(saved)} saved against fastOpen: false, at least ${LEAST_SAVED}`;
    verdicts.push(drawVerdict(saved / trip.nominal >= LEAST_SAVED, `${name}: ${what}`));
  }
  return verdicts;
}
