/**
 * The report of the benchmark of paths.
 *
 * @module
 */

import { listObjections } from "./harness/objections.ts";
import { mean, median, valuesOf } from "./harness/statistics.ts";
import { drawTable, drawVerdict } from "./harness/table.ts";
import type { Condition } from "./paths_conditions.ts";

/**
 * The connections of a sequence. While the path is good: `warm-up` learns it, `alone` goes to the
 * live address without Fast Open. Under the condition: `plain` is without Fast Open, `first` is the
 * first with it, `later` the others.
 */
export type Contact = "warm-up" | "alone" | "plain" | "first" | "later";

/** One connection. */
export interface Measurement {
  /** Milliseconds from the call until the response began. */
  readonly firstByte?: number;
  /** Why there was no response. */
  readonly failure?: string;
  /** Milliseconds until it failed. */
  readonly took?: number;
  /** SYNs that the link saw, repeated ones too. */
  readonly syns: number;
  /** Bytes in the SYN that carried most. */
  readonly synBytes: number;
  /** The outcome in `conn.fastOpen`. */
  readonly outcome?: string | undefined;
}

/** All connections of one client under one condition. */
export interface Series {
  readonly condition: Condition;
  /** A runtime, or a command. */
  readonly client: string;
  /** Whether it is firstflight. */
  readonly ours: boolean;
  readonly contacts: { [Key in Contact]?: Measurement[] };
}

/** The project's targets: factors of a plain connection's time, round trips, milliseconds. */
const MOST = 1.10;
const MOST_AFTER_RECOVERY = 1.05;
const RECOVERY = 3;
const NEXT_ADDRESS = 250;

/** The contacts that are judged. */
const judged = ["first", "later"] as const;

const of = ({ contacts }: Series, contact: Contact) => contacts[contact] ?? [];

/** Why a connection is not a valid sample of its contact; `undefined` when it is valid. */
function objection(contact: Contact, { failure, synBytes, took }: Measurement): string | undefined {
  if (failure !== undefined) return `${failure} after ${took?.toFixed(0)} ms`;
  return contact === "first" && synBytes === 0 ? "no SYN carried data" : undefined;
}

/** Milliseconds of the connections that count. */
function timesOf(series: Series, contact: Contact): number[] {
  return of(series, contact).filter((each) => objection(contact, each) === undefined)
    .flatMap(({ firstByte }) => firstByte ?? []);
}

/** A table for each runtime, what was not counted, and the verdicts. */
export function report(all: readonly Series[], rtt: number): string {
  const runtimes = valuesOf(all.filter(({ ours }) => ours).map(({ client }) => client));
  return [
    `From the call to the response's first byte, in ms and in round trips of ${rtt} ms, medians. Where\n` +
    `it is up to chance, the same packets are lost in each column, and means are given, too. "first":\n` +
    `first contact with the condition, as it is for the commands. SYNs as the link saw them and\n` +
    `conn.fastOpen.outcome, and how many were measured, at the first contact / later.`,
    ...runtimes.map((runtime) => tableOf(runtime, all, rtt)),
    ...listObjections(objected(all)),
    [
      ...runtimes.map((runtime) => judgeSyns(runtime, all)),
      ...all.filter(({ ours }) => ours).flatMap((series) => judge(series, rtt)),
    ].join("\n"),
  ].join("\n\n");
}

function tableOf(runtime: string, all: readonly Series[], rtt: number): string {
  const commands = valuesOf(all.filter(({ ours }) => !ours).map(({ client }) => client));
  const columns = ["plain", "first", "later", ...commands];
  const heading = [runtime, "n", ...columns.flatMap((name) => [name, "RTT"]), "SYNs", "outcome"];
  const rows = all.filter(({ client }) => client === runtime).flatMap((series) => {
    const { condition } = series;
    const rivals = commands.map((name) =>
      all.find((each) => each.client === name && each.condition === condition)!
    );
    const row = (title: string, average: Average) => [
      title,
      `${of(series, "first").length} / ${of(series, "later").length}`,
      ...cells(series, "plain", average, rtt),
      ...cells(series, "first", average, rtt),
      ...cells(series, "later", average, rtt),
      ...rivals.flatMap((rival) => cells(rival, "first", average, rtt)),
    ];
    const facts = [
      list(series, ({ syns }) => syns),
      list(series, ({ outcome }) => outcome ?? "–"),
    ];
    const medians = [...row(condition.title, median), ...facts];
    return condition.chance ? [medians, row(`${condition.title}, mean`, mean)] : [medians];
  });
  return drawTable([heading, ...rows]);
}

type Average = (values: readonly number[]) => number;

/** Milliseconds and round trips. Where some connections failed, also how many succeeded. */
function cells(
  series: Series,
  contact: Contact,
  average: Average,
  rtt: number,
): [string, string] {
  const made = of(series, contact).length;
  if (made === 0) return ["", ""];
  const times = timesOf(series, contact);
  if (times.length === 0) return ["fails", ""];
  const value = average(times);
  const share = times.length < made ? `${times.length} of ${made}: ` : "";
  return [`${share}${value.toFixed(1)}`, (value / rtt).toFixed(2)];
}

/** The values at the first contact, and at later ones. */
function list(series: Series, pick: (measurement: Measurement) => unknown): string {
  return judged.filter((contact) => series.contacts[contact])
    .map((contact) => valuesOf(of(series, contact).map(pick)).join(", ")).join(" / ");
}

/** Every contact of every series, with the objections to its connections. */
function objected(all: readonly Series[]) {
  return all.flatMap((series) =>
    (Object.keys(series.contacts) as Contact[]).map((contact) => ({
      name: `${series.client}, ${series.condition.title}, ${contact}`,
      measurements: of(series, contact).map((each) => ({ objection: objection(contact, each) })),
    }))
  );
}

/** On a good path no connection may send a second SYN. Each sequence begins on a good path. */
function judgeSyns(runtime: string, all: readonly Series[]): string {
  const connections = all.filter(({ client }) => client === runtime).flatMap((series) =>
    series.condition.name === "clean"
      ? Object.values(series.contacts).flat()
      : [...of(series, "warm-up"), ...of(series, "alone")]
  );
  const counts = valuesOf(connections.map(({ syns }) => syns));
  const what = `SYNs of each of ${connections.length} connections: ${counts.join(", ")}`;
  return drawVerdict(
    counts.every((count) => count === 1),
    `${runtime}, good paths: ${what}, exactly 1`,
  );
}

/** Whether firstflight's connections under one condition are as good as they must be. */
function judge(series: Series, rtt: number): string[] {
  const name = `${series.client}, ${series.condition.title}`;
  return judged.filter((contact) => series.contacts[contact])
    .map((contact) => judgeContact(`${name}: ${contact}`, series, contact, rtt));
}

function judgeContact(what: string, series: Series, contact: Contact, rtt: number): string {
  const plain = of(series, "plain");
  const succeeded = timesOf(series, contact);
  const failed = of(series, contact).length - succeeded.length;
  const value = median(succeeded);
  const says = `${what} ${succeeded.length === 0 ? "fails" : `${value.toFixed(1)} ms`}`;
  if (series.condition.bar === "success") {
    const plainFailed = plain.filter(({ failure }) => failure !== undefined).length;
    const met = failed === 0 || plainFailed === plain.length;
    return drawVerdict(met, `${says}; plain fails ${plainFailed} of ${plain.length} times`);
  }
  const [bar, because] = barOf(series, contact, rtt);
  return drawVerdict(
    failed === 0 && value <= bar,
    `${says}, at most ${bar.toFixed(1)} (${because})`,
  );
}

/** The target in milliseconds, and how it is computed. */
function barOf(series: Series, contact: Contact, rtt: number): [number, string] {
  const plain = median(timesOf(series, "plain"));
  switch (series.condition.bar) {
    case "recovery":
      return contact === "first"
        ? [plain + RECOVERY * rtt, `plain ${plain.toFixed(1)} + ${RECOVERY} RTT`]
        : [
          plain * MOST_AFTER_RECOVERY,
          `${MOST_AFTER_RECOVERY.toFixed(2)} × plain ${plain.toFixed(1)}`,
        ];
    case "next address": {
      const alone = median(timesOf(series, "alone"));
      const sum = `(plain to the live address alone ${alone.toFixed(1)} + ${NEXT_ADDRESS})`;
      return [(alone + NEXT_ADDRESS) * MOST, `${MOST.toFixed(2)} × ${sum}`];
    }
    default:
      return [plain * MOST, `${MOST.toFixed(2)} × plain ${plain.toFixed(1)}`];
  }
}
