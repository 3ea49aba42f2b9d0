/**
 * The facts of a request and of many, for people and for programs.
 *
 * @module
 */

import type { FastOpenResult } from "../../mod.ts";
import { describeFastOpen } from "../outcome.ts";
import { formatTarget } from "../target.ts";
import { formatMs } from "../text.ts";
import { shown, targetOf } from "../url.ts";
import { LEAST_ROUND_TRIP, median } from "../verdict.ts";
import type { Answer } from "./exchange.ts";
import type { Wanted } from "./request.ts";

/** The facts of one request, as `--json` prints them. Times are milliseconds after the request was made. */
export interface GetFacts {
  readonly url: string;
  readonly method: string;
  readonly status: number;
  readonly reason: string;
  /** Where a redirect leads to. */
  readonly location: string | null;
  readonly host: string;
  readonly port: number;
  readonly address: string | null;
  readonly protocol: string | null;
  readonly cipher: string | null;
  readonly resumed: boolean;
  readonly earlyData: string;
  readonly fastOpen: FastOpenResult | null;
  /** Whether an earlier request has used the connection. Then the facts of the connection are old ones. */
  readonly reused: boolean;
  readonly timing: {
    readonly lookup: number;
    readonly secure: number;
    /** The head of the answer. */
    readonly firstByte: number;
    readonly end: number;
  };
  /** Milliseconds to the first byte from the look-up, or from the request where there was a connection. */
  readonly waited: number;
  /** The same in round trips; `null` where these are too short to be told from computing. */
  readonly roundTrips: number | null;
  /** Bytes of the body, as they came. */
  readonly bytes: number;
}

/** What a connection tells once the head of an answer is there, and not after its end. */
export type ConnectionFacts = Pick<
  GetFacts,
  "address" | "cipher" | "earlyData" | "fastOpen" | "protocol" | "resumed"
>;

/** Asks a connection. */
export function connectionFacts({ socket }: Answer): ConnectionFacts {
  const { standardName } = socket.getCipher();
  return {
    address: socket.remoteAddress ?? null,
    protocol: socket.getProtocol(),
    cipher: standardName ?? null,
    resumed: socket.isSessionReused(),
    earlyData: socket.earlyData ?? "not-sent",
    fastOpen: socket.fastOpen ?? null,
  };
}

/** The facts once the body has come. */
export function factsOf(
  { url, method }: Wanted,
  { message, isReused, times }: Answer,
  connection: ConnectionFacts,
  { bytes, end }: { bytes: number; end: number },
): GetFacts {
  const { hostname, port } = targetOf(url);
  const rtt = connection.fastOpen?.rtt ?? 0;
  const waited = times.head - (isReused ? 0 : times.lookup);
  return {
    url: shown(url),
    method,
    status: message.statusCode ?? 0,
    reason: message.statusMessage ?? "",
    location: message.headers.location ?? null,
    host: hostname,
    port,
    ...connection,
    reused: isReused,
    timing: {
      lookup: isReused ? 0 : times.lookup,
      secure: isReused ? 0 : times.secure,
      firstByte: times.head,
      end,
    },
    waited,
    roundTrips: rtt < LEAST_ROUND_TRIP ? null : waited / rtt,
    bytes,
  };
}

/** One line for people. */
export function describe(facts: GetFacts): string {
  const { fastOpen, earlyData, bytes, status, reason, address, port, reused } = facts;
  const place = address === null ? "" : formatTarget({ hostname: address, port });
  const parts = [
    `${status} ${reason}`.trim(),
    `first byte after ${duration(facts)}`,
    `${bytes} bytes`,
    ...(reused ? [`over the connection to ${place}`] : [
      ...(fastOpen ? [`Fast Open ${describeFastOpen(fastOpen)}`] : []),
      `early data ${earlyData === "not-sent" ? "not sent" : earlyData}`,
      `${facts.protocol} ${facts.resumed ? "resumed" : "new"}`,
      place,
    ]),
  ];
  return parts.join("; ");
}

function duration(
  { waited, roundTrips }: { readonly waited: number; readonly roundTrips: number | null },
): string {
  const trips = roundTrips === null ? "" : ` (${roundTrips.toFixed(2)} RTT)`;
  return formatMs(waited) + trips;
}

/** What many requests have in common. */
export interface Summary {
  readonly requests: number;
  /** Medians. */
  readonly waited: number;
  readonly roundTrips: number | null;
  /** How many of the connections had data taken out of their SYN, were resumed, had early data taken. */
  readonly connections: number;
  readonly fastOpenAccepted: number;
  readonly resumed: number;
  readonly earlyDataAccepted: number;
}

/** Summarizes what answered the same request again and again. */
export function summaryOf(all: readonly GetFacts[]): Summary {
  const trips = all.flatMap(({ roundTrips }) => roundTrips === null ? [] : [roundTrips]);
  const made = all.filter(({ reused }) => !reused);
  const count = (test: (facts: GetFacts) => boolean) => made.filter(test).length;
  return {
    requests: all.length,
    waited: median(all.map(({ waited }) => waited)),
    roundTrips: trips.length === all.length ? median(trips) : null,
    connections: made.length,
    fastOpenAccepted: count(({ fastOpen }) => fastOpen?.outcome === "accepted"),
    resumed: count(({ resumed }) => resumed),
    earlyDataAccepted: count(({ earlyData }) => earlyData === "accepted"),
  };
}

/** One line for people. */
export function describeSummary(summary: Summary): string {
  const { requests, connections, fastOpenAccepted, resumed, earlyDataAccepted } = summary;
  return [
    `${requests} requests over ${connections} connection${connections === 1 ? "" : "s"}`,
    `first byte after ${duration(summary)}, the median`,
    `of the connections ${fastOpenAccepted} had Fast Open, ${resumed} a ticket, ` +
    `${earlyDataAccepted} early data accepted`,
  ].join("; ");
}
