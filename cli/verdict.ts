/**
 * Summaries of samples: medians, what the kernel reports, and what did not happen.
 *
 * @module
 */

import type { FastOpenOutcome } from "../mod.ts";
import type { Sample, Times } from "./exchange.ts";
import type { FirstConnection, Samples, Way } from "./measure.ts";
import { describeFastOpen } from "./outcome.ts";
import { formatMs } from "./text.ts";

/** The summary of one way. */
export interface Verdict {
  readonly way: Way;
  /** What really happened in most of the samples, such as `Fast Open + ticket`. */
  readonly label: string;
  readonly note: string;
  readonly median: Times;
  /** How often each outcome was seen. */
  readonly outcomes: Partial<Record<FastOpenOutcome, number>>;
  readonly earlyDataAccepted: number;
  readonly resumed: number;
  readonly samples: readonly Sample[];
}

/** Milliseconds. A shorter round trip can't be told from the time that computing takes. */
export const LEAST_ROUND_TRIP = 1;

/** The middle value; the mean of the two in the middle of an even number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? NaN;
  return (lower + upper) / 2;
}

/** The round trip that the kernel measured; 0 where the kernel does not report one. */
export function roundTripOf(samples: Samples): number {
  const told = (way: Way) =>
    samples[way].flatMap(({ fastOpen: { rtt } }) => rtt === undefined ? [] : [rtt]);
  const plain = told("plain");
  const rtts = plain.length > 0 ? plain : told("fast-open");
  return rtts.length > 0 ? median(rtts) : 0;
}

function times(samples: readonly Sample[]): Times {
  const of = (name: keyof Times) => median(samples.map((sample) => sample.times[name]));
  return {
    lookup: of("lookup"),
    hello: of("hello"),
    secure: of("secure"),
    response: of("response"),
  };
}

function count(samples: readonly Sample[], test: (sample: Sample) => boolean): number {
  return samples.filter(test).length;
}

/** Summarizes one way; `undefined` where there are no samples. */
export function verdictOf(way: Way, samples: readonly Sample[]): Verdict | undefined {
  if (samples.length === 0) return undefined;
  const outcomes: Partial<Record<FastOpenOutcome, number>> = {};
  for (const { fastOpen: { outcome } } of samples) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  const resumed = count(samples, (sample) => sample.resumed);
  const earlyDataAccepted = count(samples, ({ earlyData }) => earlyData === "accepted");
  const most = (number = 0) => number > samples.length / 2;
  const parts = [
    most(outcomes.accepted) ? "Fast Open" : "",
    most(resumed) ? "ticket" : "",
    most(earlyDataAccepted) ? "early data" : "",
  ].filter((part) => part !== "");
  return {
    way,
    label: way === "plain"
      ? "plain"
      : way === "early-data"
      ? parts.join(" + ") || "no ticket taken"
      : most(outcomes.accepted)
      ? "Fast Open"
      : "Fast Open tried",
    note: way === "plain" ? "" : noteOf(samples, outcomes),
    median: times(samples),
    outcomes,
    earlyDataAccepted,
    resumed,
    samples,
  };
}

/** The outcome that most of the samples have, in words. */
function noteOf(
  samples: readonly Sample[],
  outcomes: Partial<Record<FastOpenOutcome, number>>,
): string {
  const [[outcome, times] = ["unsupported", 0]] = Object.entries(outcomes)
    .toSorted(([, a], [, b]) => b - a);
  const typical = samples.find(({ fastOpen }) => fastOpen.outcome === outcome);
  const words = typical ? describeFastOpen(typical.fastOpen) : outcome;
  return times === samples.length ? words : `${words} (${times} of ${samples.length} times)`;
}

/** Remarks on everything that did not happen, and why, in sentences for people. */
export function remarksOf(host: string, samples: Samples): string[] {
  const remarks: string[] = [];
  const opened = samples["fast-open"];
  const failed = opened.filter(({ fastOpen }) => fastOpen.outcome !== "accepted");
  const [first] = failed;
  if (first) {
    const often = failed.length === opened.length
      ? "did not happen"
      : `failed ${failed.length} of ${opened.length} times`;
    remarks.push(`Fast Open ${often}: ${whyNot(host, first)}.`);
  }
  const early = samples["early-data"];
  if (early.length === 0) {
    remarks.push(`There was no early data: ${host} sends no session tickets.`);
    return remarks;
  }
  const missed = early.filter(({ earlyData }) => earlyData !== "accepted");
  if (missed.length > 0) {
    const often = missed.length === early.length
      ? "There was no early data"
      : `Early data failed ${missed.length} of ${early.length} times`;
    remarks.push(`${often}: ${whyNoEarlyData(host, missed)}.`);
  }
  if (early.some(({ status }) => status === 425)) {
    remarks.push(
      `${host} answered early data with 425 Too Early: it takes the request only later.`,
    );
  }
  return remarks;
}

/** A remark on the ticket of an earlier run, where there was one. */
export function remarksOnFirst(
  host: string,
  { ticket, resumed, earlyData, times: { response } }: FirstConnection,
  rtt: number,
): string[] {
  if (!ticket) return [];
  if (!resumed) return [`The ticket of an earlier run was refused: ${host} has forgotten it.`];
  const early = earlyData === "accepted" ? "and with early data" : "without early data";
  const trips = rtt > 0 ? `${(response / rtt).toFixed(2)} RTT, ` : "";
  return [
    `The first connection resumed an earlier run's session, ${early}: ` +
    `${trips}${formatMs(response)}.`,
  ];
}

function whyNot(host: string, { fastOpen: { outcome, reason } }: Sample): string {
  switch (outcome) {
    case "cookie-requested":
      return `${host} gives no cookie, or something on the way removes it`;
    case "ignored":
      return `${host} did not take the data in the SYN, so it was sent again`;
    case "blocked":
      return "SYNs with data are lost on the way";
    default:
      return `${reason ?? outcome}; "firstflight doctor" says more`;
  }
}

function whyNoEarlyData(host: string, missed: readonly Sample[]): string {
  if (missed.some(({ protocol }) => protocol !== "TLSv1.3")) return `${host} has no TLS 1.3`;
  if (missed.some(({ earlyData }) => earlyData === "rejected")) {
    return `${host} rejected it, so the request was sent again after the handshake`;
  }
  return missed.some(({ resumed }) => resumed)
    ? `the tickets of ${host} allow none`
    : `${host} did not take its own tickets back`;
}

/** A sentence on the time saved; `undefined` where it is too little to tell from noise. */
export function gainOf(verdicts: readonly Verdict[]): string | undefined {
  const plain = verdicts.find(({ way }) => way === "plain");
  const others = verdicts.filter(({ way, samples, outcomes, resumed }) =>
    way !== "plain" && (outcomes.accepted ?? 0) + resumed > samples.length / 2
  );
  const best = others.toSorted((a, b) => a.median.response - b.median.response)[0];
  if (!plain || !best) return undefined;
  const saved = plain.median.response - best.median.response;
  const share = saved / plain.median.response;
  if (share < 0.05) return undefined;
  const percent = Math.round(share * 100);
  return `With ${best.label} the answer comes ${formatMs(saved)} (${percent} %) sooner.`;
}
