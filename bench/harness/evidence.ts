/**
 * One connection from two sources: the client's own report, and the packets that the link saw.
 *
 * @module
 */

import type { Netlab } from "../../tests/netlab/mod.ts";
import type { CommandObservation } from "./commands.ts";
import { type Flow, lastFlow } from "./flow.ts";
import type { Kind } from "./kinds.ts";
import { PORT } from "./network.ts";

/** All that is known of one connection. */
export interface Evidence extends CommandObservation {
  /** What the link saw. */
  readonly flow?: Flow | undefined;
  /** Why there was no response. */
  readonly failure?: string;
}

/** Makes one connection and collects what the link saw of it. */
export async function witness(
  lab: Netlab,
  connect: () => Promise<CommandObservation>,
): Promise<Evidence> {
  await lab.clearPackets();
  try {
    const observation = await connect();
    return { ...observation, flow: lastFlow(await lab.packets(), PORT) };
  } catch (error) {
    return { failure: (error as Error).message };
  }
}

/**
 * Why a connection is not a valid sample of its kind; `undefined` when it is valid.
 *
 * @param kind the kind of a firstflight connection; `undefined` for other clients
 * @param whole whether the SYN must carry the whole flight, where it must carry any of it
 */
export function objectionTo(
  { failure, facts, flow }: Evidence,
  kind: Kind | undefined,
  { whole = true }: { whole?: boolean } = {},
): string | undefined {
  if (failure !== undefined) return failure.split("\n", 1)[0];
  if (flow === undefined) return "the link saw no SYN";
  if (!kind || !facts) return undefined;
  const { outcome, synBytes, flightBytes, earlyData } = facts;
  if (kind.early && earlyData !== "accepted") return `early data was ${earlyData}`;
  if (!kind.fastOpen) {
    return flow.synBytes === 0 ? undefined : `the SYN carried ${flow.synBytes} bytes`;
  }
  if (outcome !== "accepted") return `Fast Open was ${outcome}`;
  if (!flow.cookie || !flow.acknowledged) return "the link saw no accepted cookie";
  if (flow.synBytes !== synBytes || (whole && synBytes !== flightBytes)) {
    return `${flow.synBytes} of ${flightBytes} bytes rode in the SYN`;
  }
  return undefined;
}
