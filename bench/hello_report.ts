/**
 * The report of the benchmark of large hellos.
 *
 * @module
 */

import { type Evidence, objectionTo } from "./harness/evidence.ts";
import { kinds } from "./harness/kinds.ts";
import { counted, type Judged, listObjections } from "./harness/objections.ts";
import { inRoundTrips, type RoundTrip, roundTripOf, show } from "./harness/round_trips.ts";
import type { RuntimeName } from "./harness/runtimes.ts";
import { median, valuesOf } from "./harness/statistics.ts";
import { drawBar, drawTable, drawVerdict } from "./harness/table.ts";

/** One connection. */
export interface Measurement extends Evidence, Judged {}

/** All connections of one kind. */
export interface Series {
  readonly runtime: RuntimeName;
  readonly family: "ipv4" | "ipv6";
  readonly way: string;
  readonly measurements: Measurement[];
}

/** The project's targets, in nominal round trips. */
const HANDSHAKE = 1.10;
const LEAST_SAVED = 0.97;

/** The group that is asked for, and that every way must have agreed on. */
const GROUP = "X25519MLKEM768";

/** The way that is judged, and the way it is compared with. */
const JUDGED = "firstflight";
const RIVAL = "node:tls over connect()";

/** The ways in the order of the table. */
export const ways = [JUDGED, 'firstflight, groups "full"', RIVAL, "node:tls"] as const;

/** Why a connection is not a valid sample of its way; `undefined` when it is valid. */
export function objection(way: string, evidence: Evidence): string | undefined {
  const { failure, facts, group } = evidence;
  const objected = objectionTo(evidence, facts && kinds["cookie"], { whole: way === JUDGED });
  if (objected !== undefined || failure !== undefined) return objected;
  if (group === undefined) return "the client doesn't tell what the keys were exchanged by";
  return group.toUpperCase() === GROUP ? undefined : `the keys were exchanged by ${group}`;
}

const of = ({ measurements }: Series) => counted(measurements);
const handshakeOf = (series: Series) =>
  median(of(series).flatMap(({ handshake }) => handshake ?? []));
const firstByteOf = (series: Series) =>
  median(of(series).flatMap(({ firstByte }) => firstByte ?? []));
const synBytesOf = (series: Series) =>
  valuesOf(of(series).map(({ flow }) => flow?.synBytes)).join(", ");
const flightBytesOf = (series: Series) =>
  valuesOf(of(series).flatMap(({ facts }) => facts?.flightBytes ?? [])).join(", ");

const families = { ipv4: "IPv4", ipv6: "IPv6" } as const;
const nameOf = ({ runtime, family, way }: Series) => `${runtime}, ${families[family]}: ${way}`;

/** A table with bars, what was not counted, and the verdicts. */
export function report(all: readonly Series[], rtt: number): string {
  const trip = roundTripOf(rtt, all.flatMap(of));
  return [
    `Medians of full handshakes with ${GROUP}. RTT: nominal, ${rtt} ms; "measured": ` +
    `${trip.measured.toFixed(2)} ms,\nas the link saw it. Bytes in the SYN as the link saw them, ` +
    `of the hello where the client tells.`,
    tableOf(all, trip),
    ...listObjections(all.map((series) => ({ ...series, name: nameOf(series) }))),
    all.filter(({ way }) => way === JUDGED)
      .flatMap((series) => judge(series, all, trip)).join("\n"),
  ].join("\n\n");
}

function tableOf(all: readonly Series[], { nominal, measured }: RoundTrip): string {
  const columns = ["secure ms", "RTT", "measured", "first byte ms", "RTT"];
  const slowest = Math.max(...all.map((series) => handshakeOf(series) || 0));
  const rows = all.map((series) => {
    const handshake = handshakeOf(series);
    const firstByte = firstByteOf(series);
    return [
      nameOf(series),
      `${of(series).length}`,
      synBytesOf(series),
      flightBytesOf(series),
      show(handshake, 1),
      show(handshake / nominal, 2),
      show(handshake / measured, 2),
      show(firstByte, 1),
      show(firstByte / nominal, 2),
      drawBar(handshake, slowest, 24),
    ];
  });
  return drawTable([["", "n", "SYN bytes", "of", ...columns], ...rows]);
}

/** Verdicts in nominal round trips, and in brackets in measured ones. */
function judge(series: Series, all: readonly Series[], trip: RoundTrip): string[] {
  const { runtime, family, measurements } = series;
  const name = `${runtime}, ${families[family]}`;
  const riding = of(series).length;
  const verdicts = [
    drawVerdict(
      riding === measurements.length,
      `${name}: ${riding} of ${measurements.length} hellos with ${GROUP} rode whole in the SYN`,
    ),
  ];
  if (riding === 0) return verdicts;
  const handshake = handshakeOf(series);
  const bar = `at most ${HANDSHAKE.toFixed(2)}`;
  verdicts.push(
    drawVerdict(
      handshake / trip.nominal <= HANDSHAKE,
      `${name}: handshake after ${inRoundTrips(handshake, trip)}, ${bar}`,
    ),
  );
  const rival = all.find((each) =>
    each.runtime === runtime && each.family === family && each.way === RIVAL
  );
  if (rival && of(rival).length > 0) {
    const saved = handshakeOf(rival) - handshake;
    const what = `${inRoundTrips(saved, trip)} saved against ${RIVAL}, at least ${LEAST_SAVED}`;
    verdicts.push(drawVerdict(saved / trip.nominal >= LEAST_SAVED, `${name}: ${what}`));
  }
  return verdicts;
}
