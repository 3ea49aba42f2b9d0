/**
 * What the latency benchmark says to people.
 *
 * @module
 */

import type { Observation } from "./clients/latency/way.ts";
import type { Flow } from "./harness/flow.ts";
import type { RuntimeName } from "./harness/runtimes.ts";
import { median } from "./harness/statistics.ts";
import { drawBar, drawTable, drawVerdict } from "./harness/table.ts";

/** One connection. */
export interface Measurement extends Partial<Observation> {
  /** What the link saw. */
  readonly flow?: Flow | undefined;
  /** Why there was no response. */
  readonly failure?: string;
  /** Why it does not count. */
  readonly objection?: string | undefined;
}

/** All connections of one kind. */
export interface Series {
  /** Empty for commands. */
  readonly runtime: RuntimeName | "";
  readonly way: string;
  readonly measurements: Measurement[];
}

/** The project's bars, in nominal round trips. */
const HANDSHAKE = 1.10;
const FIRST_BYTE = 2.10;
const EARLY_FIRST_BYTE = 1.05;
const LEAST_SAVED = 0.97;

/** firstflight's own ways, and whether the flight must ride in the SYN. */
const ways: Readonly<Record<string, { readonly fastOpen: boolean; readonly early: boolean }>> = {
  "plain": { fastOpen: false, early: false },
  "cookie": { fastOpen: true, early: false },
  "plain, early data": { fastOpen: false, early: true },
  "cookie, early data": { fastOpen: true, early: true },
};

/** Why a connection does not show what its kind is to show; `undefined` when it does. */
export function objection(
  way: string,
  { failure, facts, flow }: Measurement,
): string | undefined {
  if (failure !== undefined) return failure.split("\n", 1)[0];
  if (flow === undefined) return "the link saw no SYN";
  const expected = ways[way];
  if (!expected || !facts) return undefined;
  const { outcome, synBytes, flightBytes, earlyData } = facts;
  if (expected.early && earlyData !== "accepted") return `early data was ${earlyData}`;
  if (!expected.fastOpen) {
    return flow.synBytes === 0 ? undefined : `the SYN carried ${flow.synBytes} bytes`;
  }
  if (outcome !== "accepted") return `Fast Open was ${outcome}`;
  if (!flow.cookie || !flow.acknowledged) return "the link saw no accepted cookie";
  if (synBytes !== flightBytes || flow.synBytes !== flightBytes) {
    return `${flow.synBytes} of ${flightBytes} bytes rode in the SYN`;
  }
  return undefined;
}

const counted = ({ measurements }: Series) =>
  measurements.filter(({ objection }) => objection === undefined);
const handshakeOf = (series: Series) =>
  median(counted(series).flatMap(({ handshake }) => handshake ?? []));
const firstByteOf = (series: Series) =>
  median(counted(series).flatMap(({ firstByte }) => firstByte ?? []));
const linkOf = (series: Series) => median(counted(series).map(({ flow }) => flow?.response ?? NaN));

const nameOf = ({ runtime, way }: Series) => {
  const own = way in ways ? `firstflight, ${way}` : way;
  return runtime === "" ? own : `${runtime}: ${own}`;
};
const show = (value: number, digits: number) => Number.isFinite(value) ? value.toFixed(digits) : "";

/** A table with bars, what was dropped, and the verdicts. */
export function report(all: readonly Series[], rtt: number): string {
  const trips = all.flatMap(counted).map(({ flow }) => flow?.roundTrip ?? NaN);
  const measured = median(trips.filter(Number.isFinite));
  const heading = ["", "n", "secure ms", "RTT", "first byte ms", "RTT", "measured", "at the link"];
  const slowest = Math.max(...all.map((series) => firstByteOf(series) || 0));
  const rows = all.map((series) => {
    const handshake = handshakeOf(series);
    const firstByte = firstByteOf(series);
    return [
      nameOf(series),
      `${counted(series).length}`,
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
    ...dropped(all),
    all.flatMap((series) => judge(series, all, { rtt, measured })).join("\n"),
  ].join("\n\n");
}

/** What was not counted, and why. Never silently. */
function dropped(all: readonly Series[]): string[] {
  const lines = all.flatMap((series) => {
    const reasons = new Map<string, number>();
    for (const { objection } of series.measurements) {
      if (objection !== undefined) reasons.set(objection, (reasons.get(objection) ?? 0) + 1);
    }
    return [...reasons].map(([reason, times]) => `  ${nameOf(series)}: ${times} × ${reason}`);
  });
  return lines.length === 0 ? [] : [["Not counted:", ...lines].join("\n")];
}

/** Verdicts by nominal round trips; in brackets the same in those that the link measured. */
function judge(
  series: Series,
  all: readonly Series[],
  { rtt, measured }: { rtt: number; measured: number },
): string[] {
  const { runtime, way } = series;
  const expected = ways[way];
  if (!expected?.fastOpen || counted(series).length === 0) return [];
  const name = `${runtime}, ${way}`;
  const inTrips = (value: number) => `${show(value / rtt, 3)} RTT (${show(value / measured, 3)})`;
  const verdict = (what: string, value: number, bar: number) =>
    drawVerdict(
      value / rtt <= bar,
      `${name}: ${what} after ${inTrips(value)}, at most ${bar.toFixed(2)}`,
    );
  const verdicts = expected.early
    ? [verdict("first byte, the request inside the SYN,", firstByteOf(series), EARLY_FIRST_BYTE)]
    : [
      verdict("handshake", handshakeOf(series), HANDSHAKE),
      verdict("first byte", firstByteOf(series), FIRST_BYTE),
    ];
  const plain = all.find((each) =>
    each.runtime === runtime && each.way === way.replace("cookie", "plain")
  );
  if (plain && counted(plain).length > 0) {
    const saved = firstByteOf(plain) - firstByteOf(series);
    const what = `${inTrips(saved)} saved against fastOpen: false, at least ${LEAST_SAVED}`;
    verdicts.push(drawVerdict(saved / rtt >= LEAST_SAVED, `${name}: ${what}`));
  }
  return verdicts;
}
