/**
 * `firstflight forward` on a runtime, for a benchmark.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import { here, Peer } from "../../tests/peers/peer.ts";
import { commandFor, type RuntimeName } from "./runtimes.ts";

/** Ticks of the clock in a second, by which Linux counts processor time. */
const TICKS = 100;

/** The summary that it prints at the end. */
export type ForwardSummary = Readonly<
  Record<"connections" | "failed" | "resumed" | "earlyData", number>
>;

/** A running forwarder. */
export class RunningForwarder extends Peer {
  port = 0;

  /** Seconds of processor time so far, user and system. */
  get cpu(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  }

  /** Lets it finish; resolves to its summary. */
  async finish(): Promise<ForwardSummary> {
    process.kill(this.pid ?? 0, "SIGTERM");
    const [line] = await this.saw(/^\{"summary".*\}$/m);
    await this.finished();
    return JSON.parse(line).summary;
  }
}

/** Starts a forwarder at a free port. */
export async function startForwarder(
  runtime: RuntimeName,
  target: string,
  options: readonly string[],
): Promise<RunningForwarder> {
  const args = ["forward", "--json", "--no-session-store", ...options, "127.0.0.1:0", target];
  const command = commandFor(runtime, new URL("../../cli.ts", import.meta.url), ...args);
  const forwarder = new RunningForwarder(here, ...command);
  const [, port] = await forwarder.saw(/"listen":"127\.0\.0\.1:(\d+)"/);
  forwarder.port = Number(port);
  return forwarder;
}
