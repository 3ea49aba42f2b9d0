/**
 * One measurement of one way to move bytes, in a process of its own:
 *
 *     throughput.ts '{"task": "download", "way": "read 64 KiB", "hostname": …}'
 *
 * prints the finding as JSON.
 *
 * @module
 */

import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Download, Stall, Transfer, Upload } from "./throughput/way.ts";

/** The measurement to make. */
export interface ThroughputTask extends Transfer {
  readonly task: "download" | "upload" | "stall";
  /** The module of the way: a file in `throughput/`, without its extension. */
  readonly module: string;
  /** The name of the way in that module. */
  readonly way: string;
}

/** The result of the measurement. */
export interface ThroughputFinding {
  readonly seconds: number;
  /** Seconds of processor time, user and system. */
  readonly cpu: number;
  /** Resident memory in bytes: at the end of a transfer, or the maximum for a stalled reader. */
  readonly rss: number;
}

/** Milliseconds for which a stalled reader is watched. */
const STALL = 3000;

interface Ways {
  readonly downloads: Readonly<Record<string, Download>>;
  readonly uploads: Readonly<Record<string, Upload>>;
  readonly stalls: Readonly<Record<string, Stall>>;
}

async function move(task: ThroughputTask, ways: Ways): Promise<ThroughputFinding> {
  let start = 0;
  let cpu = process.cpuUsage();
  const started = () => {
    cpu = process.cpuUsage();
    start = performance.now();
  };
  if (task.task === "upload") {
    await ways.uploads[task.way]!(task, started);
  } else {
    const bytes = await ways.downloads[task.way]!(task, started);
    if (bytes < task.size) throw new Error(`${task.way} lost data: ${bytes} of ${task.size} bytes`);
  }
  const seconds = (performance.now() - start) / 1000;
  const now = process.cpuUsage();
  const spent = (now.user - cpu.user + now.system - cpu.system) / 1e6;
  return { seconds, cpu: spent, rss: process.memoryUsage().rss };
}

async function stall(task: ThroughputTask, ways: Ways): Promise<ThroughputFinding> {
  const start = performance.now();
  const cpu = process.cpuUsage();
  const kept = await ways.stalls[task.way]!(task);
  let rss = 0;
  while (performance.now() - start < STALL) {
    await sleep(50);
    rss = Math.max(rss, process.memoryUsage().rss);
  }
  const now = process.cpuUsage();
  const spent = (now.user - cpu.user + now.system - cpu.system) / 1e6;
  if (kept === undefined) throw new Error(`${task.way} has no body`);
  return { seconds: STALL / 1000, cpu: spent, rss };
}

const task: ThroughputTask = JSON.parse(process.argv[2] ?? "{}");
const ways: Ways = await import(`./throughput/${task.module}.ts`);
const finding = task.task === "stall" ? await stall(task, ways) : await move(task, ways);
process.stdout.write(`${JSON.stringify(finding)}\n`, () => process.exit(0));
