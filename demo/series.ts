/**
 * A series of connections of one kind, as the connections, the kernels and the link saw it.
 *
 * @module
 */

import { median } from "../bench/harness/statistics.ts";
import { answersSeen, type SeenAnswer } from "./link_view.ts";
import type { Program } from "./program.ts";
import type { Stage } from "./stage.ts";
import type { Finding, Findings, Mode, Task } from "./task.ts";

/** What the two kernels counted during a series. */
export interface Counted {
  /** Client connections whose SYN carried data that was acknowledged. */
  readonly active: number;
  /** Server connections whose SYN carried data that the server took. */
  readonly passive: number;
}

/** One series. */
export interface Series {
  readonly mode: Mode;
  readonly version: string;
  readonly findings: readonly Finding[];
  /** `undefined` where the counters also count other connections. */
  readonly counted: Counted | undefined;
  /** One entry for each connection that the link saw; `undefined` without a link. */
  readonly seen: readonly SeenAnswer[] | undefined;
}

/** Runs a series on a client, and collects what the kernels counted and the link saw. */
export async function runSeries(stage: Stage, client: Program, task: Task): Promise<Series> {
  const { mode } = task;
  const before = await countersOf(stage);
  await stage.link?.clearPackets();
  const { version, findings } = await client.ask<Findings>(task);
  const packets = await stage.link?.packets();
  const after = await countersOf(stage);
  return {
    mode,
    version,
    findings,
    counted: before && after && {
      active: after.active - before.active,
      passive: after.passive - before.passive,
    },
    seen: packets && answersSeen(packets, findings[0]?.answer ?? 0, stage.link?.rtt ?? 0),
  };
}

async function countersOf({ client, server }: Stage): Promise<Counted | undefined> {
  if (!client.counters || !server.counters) return undefined;
  const [here, there] = await Promise.all([client.counters(), server.counters()]);
  return {
    active: here["TCPFastOpenActive"] ?? 0,
    passive: there["TCPFastOpenPassive"] ?? 0,
  };
}

/** The median over the connections that have a value; NaN where none has. */
export function medianOf(series: Series, pick: (finding: Finding) => number | undefined): number {
  return median(series.findings.flatMap((finding) => pick(finding) ?? []));
}
