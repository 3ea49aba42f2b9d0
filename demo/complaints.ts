/**
 * Lists what should have worked and did not.
 *
 * @module
 */

import type { Series } from "./series.ts";
import type { Finding } from "./task.ts";

/** A sentence for everything that is wrong with a runtime's series. */
export function complaintsAbout(
  runtime: string,
  all: readonly Series[],
  fastOpen: boolean,
): string[] {
  return all.flatMap((series) => {
    const { mode, findings, counted, seen } = series;
    const total = findings.length;
    const complaints: string[] = [];
    const expectAll = (count: number, what: string) => {
      if (count !== total) {
        complaints.push(`${runtime}, ${mode}: ${what} ${count} of ${total} times`);
      }
    };
    const expectOf = (holds: (finding: Finding) => boolean, what: string) =>
      expectAll(findings.filter(holds).length, what);

    if (mode === "early-data") {
      expectOf(({ earlyData }) => earlyData === "accepted", "the origin took the early data");
    }
    if (mode === "plain") {
      expectOf(({ fastOpen }) => fastOpen.outcome === "disabled", "Fast Open stayed off");
    } else if (fastOpen) {
      expectOf(
        ({ fastOpen }) => fastOpen.outcome === "accepted",
        "the SYN's data was acknowledged",
      );
      expectOf(
        ({ fastOpen }) => fastOpen.synBytes === fastOpen.flightBytes,
        "the whole first flight rode in the SYN",
      );
      if (seen) {
        const carried = seen.filter(({ synPayload }) =>
          synPayload === findings[0]?.fastOpen.synBytes
        );
        expectAll(carried.length, "the link saw as many bytes in the SYN as the kernel told of");
      }
    }
    if (counted) {
      const expected = mode === "plain" ? 0 : total;
      if (counted.active !== expected || counted.passive !== expected) {
        complaints.push(
          `${runtime}, ${mode}: the kernels counted ${counted.active} and ${counted.passive} ` +
            `connections with Fast Open, not ${expected}`,
        );
      }
    }
    return complaints;
  });
}
