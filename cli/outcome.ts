/**
 * Fast Open's outcome in words.
 *
 * @module
 */

import type { FastOpenResult } from "../mod.ts";

/** Describes what the kernel reports of the first flight. */
export function describeFastOpen(
  { outcome, synBytes, flightBytes, reason }: FastOpenResult,
): string {
  switch (outcome) {
    case "accepted":
      return `accepted: the SYN carried ${synBytes} of ${flightBytes} bytes`;
    case "cookie-requested":
      return "no cookie: the SYN asked for one and carried no data";
    case "ignored":
      return `ignored: the server did not take the ${synBytes} bytes in the SYN`;
    case "blocked":
      return synBytes > 0
        ? `blocked: a SYN with ${synBytes} bytes was lost, a plain one went through`
        : `blocked: ${reason ?? "a SYN with the option was lost, a plain one went through"}`;
    case "disabled":
    case "unsupported":
      return reason === undefined ? outcome : `${outcome}: ${reason}`;
  }
}
