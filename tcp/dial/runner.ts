/**
 * A way that is being tried, and how a host may turn it down.
 *
 * @module
 */

import type { Attempt } from "./attempt.ts";
import type { Carried, Refusal } from "./first_flight.ts";
import type { AttemptFailure } from "../errors.ts";
import type { Way } from "../paths/advice.ts";

/** A way that is being tried. */
export interface Runner {
  readonly way: Way;
  readonly attempt: Attempt;
  readonly carries: Carried;
  /** When the SYN had been handed to the kernel. */
  readonly openedAt: number;
  /** Set once the SYN was acknowledged and the flight then turned down. */
  refusedBy: Refusal["by"] | undefined;
}

/** How the peer has ended a connection that it had accepted; `undefined` if it had not. */
export function endOf({ code }: AttemptFailure): "reset" | "close" | undefined {
  if (code === "CONNECTION_RESET") return "reset";
  return code === "CLOSED_BY_PEER" ? "close" : undefined;
}

/** What was turned down, and how. */
export function refusalOf(
  { carries, attempt: { opened } }: Runner,
  by: Refusal["by"],
): Refusal {
  return { carried: carries, by, inSyn: opened.synBytes > 0 };
}

/** A refusal in words. */
export function refusalIn(by: Refusal["by"]): string {
  switch (by) {
    case "reset":
      return "the SYN was answered, and the connection then reset";
    case "close":
      return "the SYN was answered, and the connection then closed";
    case "silence":
      return "the SYN was answered, then silence";
  }
}
