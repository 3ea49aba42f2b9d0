/**
 * The connections of one client over a path that turns from good to bad.
 *
 * @module
 */

import type { Target } from "./clients/latency/way.ts";
import type { CommandObservation } from "./harness/commands.ts";
import { synsTo } from "./harness/flow.ts";
import { type Condition, type Stage, TIMEOUT } from "./paths_conditions.ts";
import type { Contact, Measurement } from "./paths_report.ts";

/** A client: firstflight in one runtime, or a command. */
export interface Client {
  readonly name: string;
  /** Whether it is firstflight, which can also connect without Fast Open. */
  readonly ours: boolean;
  /** Clears the memory of paths in the client's process. */
  forget(): Promise<unknown>;
  connect(target: Target, fastOpen: boolean, timeout: number): Promise<CommandObservation>;
}

/** The targets: `live` to learn the path, `target` under the condition. */
export interface Targets {
  readonly live: Target;
  readonly target: Target;
}

/**
 * Lets a client learn the path while it is good. Then makes the path bad and connects for the first
 * time and again. firstflight also connects without Fast Open each time.
 *
 * @param seeds the seeds of the first contact and of those after it
 */
export async function sequence(
  client: Client,
  condition: Condition,
  { live, target }: Targets,
  stage: Stage,
  seeds: readonly number[],
): Promise<[Contact, Measurement][]> {
  const { lab } = stage;
  const { timeout = TIMEOUT } = condition;
  const made: [Contact, Measurement][] = [];
  const connect = async (contact: Contact, target: Target, fastOpen: boolean) => {
    const measurement = await measure(
      stage,
      live.port,
      () => client.connect(target, fastOpen, timeout),
    );
    made.push([contact, measurement]);
  };

  await lab.setMiddleboxes([]);
  await lab.client.forgetCookies();
  await client.forget();
  await connect("warm-up", live, true);
  if (condition.bar === "next address" && client.ours) await connect("alone", live, false);

  await using _condition = await condition.begin?.(stage);
  for (const [index, seed] of seeds.entries()) {
    const contacts = [index === 0 ? "first" : "later", ...client.ours ? ["plain"] as const : []];
    for (const contact of contacts as Contact[]) {
      await using _connection = await condition.prepare?.(stage);
      await lab.setMiddleboxes(condition.middleboxes?.(seed) ?? []);
      await connect(contact, target, contact !== "plain");
    }
  }
  return made;
}

/** Makes one connection and collects what the link saw of it. */
async function measure(
  { lab }: Stage,
  port: number,
  connect: () => Promise<CommandObservation>,
): Promise<Measurement> {
  await lab.clearPackets();
  const start = performance.now();
  const outcome = await connect().catch((error: Error & { code?: string }) => ({
    failure: error.code ?? error.message.split("\n", 1)[0] ?? "",
    took: performance.now() - start,
  }));
  const syns = synsTo(port, await lab.packets());
  const link = {
    syns: syns.length,
    synBytes: Math.max(0, ...syns.map(({ payload }) => payload)),
  };
  if ("failure" in outcome) return { ...outcome, ...link };
  const { firstByte, answeredAt = NaN, facts } = outcome;
  const since = syns[0]?.at ?? NaN;
  return { firstByte: firstByte ?? answeredAt - since, outcome: facts?.outcome, ...link };
}
