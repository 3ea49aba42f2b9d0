/**
 * What a test run says at its end.
 *
 * @module
 */

import process from "node:process";
import { titleOf } from "./junit.ts";
import type { Result, Skipped } from "./result.ts";

/** Prints what failed, what was skipped, a table and the sum; sets the exit status. */
export function report(results: readonly Result[]): void {
  const skips = results.flatMap(({ skipped }) => skipped);
  console.log();
  for (const { name, failed, skipped } of results) {
    for (const test of failed) console.log(`failed in ${name}: ${test}`);
    for (const test of skipped) {
      console.log(`skipped in ${name}: ${test.name} (${reasonOf(test, skips)})`);
    }
  }

  printRow("", "passed", "failed", "skipped", "seconds");
  for (const { name, passed, failed, skipped, seconds } of results) {
    printRow(name, passed, failed.length, skipped.length, Math.round(seconds));
  }

  const passed = sum(results.map((result) => result.passed));
  const failed = sum(results.map((result) => result.failed.length));
  // Nobody would notice a skipped test there.
  const skipsFail = Boolean(process.env["CI"]);
  const failures = failed + (skipsFail ? skips.length : 0);
  console.log(`\n${passed} passed, ${failures} failed, ${skipsFail ? 0 : skips.length} skipped`);
  process.exitCode = failures > 0 ? 1 : 0;
}

/** Only Node reports why a test is skipped; mostly that is why it is skipped elsewhere, too. */
function reasonOf(test: Skipped, skips: readonly Skipped[]): string {
  const known = skips.find((other) => other.reason && titleOf(other) === titleOf(test));
  return known?.reason ?? "the runtime does not report why";
}

function printRow(name: string, ...cells: readonly (string | number)[]): void {
  console.log(name.padEnd(10) + cells.map((cell) => String(cell).padStart(9)).join(""));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
