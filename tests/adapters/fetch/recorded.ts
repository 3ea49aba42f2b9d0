/**
 * What was observed of the platforms' `fetch`, and of ours beside each, and the table that is made of it.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { runtimeName } from "../../fixtures/hostile_child.ts";
import type { Report } from "./program.ts";

const FILE = new URL("recorded.json", import.meta.url);

/** How to record what is observed now. */
export const HOW = "run this file in each runtime with FIRSTFLIGHT_RECORD=1, in Node last";

/** The platforms, in the order of the table's columns. */
const PLATFORMS = { node: "Node", bun: "Bun", deno: "Deno" } as const;

type Reports = Record<typeof runtimeName, Report>;

const recorded = () => JSON.parse(readFileSync(FILE, "utf8")) as Reports;

/** What was recorded in this runtime. Records it first, where that is wanted. */
export function recordedHere(observed: Report): Report {
  if (process.env["FIRSTFLIGHT_RECORD"]) {
    const all = { ...recorded(), [runtimeName]: observed };
    writeFileSync(FILE, `${JSON.stringify(all, undefined, 2)}\n`);
  }
  return recorded()[runtimeName];
}

/** How many checks there are, and where ours differs from a platform's: a row for each. */
export function renderDifferences(): string {
  const reports = recorded();
  const platforms = Object.keys(PLATFORMS) as (keyof Reports)[];
  const rows = Object.keys(reports.node.ours).flatMap((check) => {
    const cells = platforms.map((each) => {
      const { own, ours } = reports[each];
      return own[check] === ours[check] ? "" : own[check]!;
    });
    if (cells.every((cell) => cell === "")) return [];
    // Where ours is not the same everywhere it is the platform's own; so it differs from none.
    const ours = new Set(platforms.map((each) => reports[each].ours[check]));
    return [`| ${[check, [...ours].join(" or "), ...cells].join(" | ")} |`];
  });
  const head = `| | here | ${Object.values(PLATFORMS).map((name) => `${name}'s`).join(" | ")} |`;
  return [head, "| --- | --- | --- | --- | --- |", ...rows, ""].join("\n");
}
