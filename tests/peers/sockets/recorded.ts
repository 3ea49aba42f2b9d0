/**
 * Node's accounts of the scenarios where it is the judge in the other runtimes, too.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { kindUnderTest } from "./kind.ts";

/** The file of the kind of socket that is judged. */
const fileOf = () => new URL(`../../${kindUnderTest().name}/socket/recorded.json`, import.meta.url);

type Accounts = Record<string, readonly string[]>;

/** Node's account of a scenario. */
export function accountOf(title: string): readonly string[] {
  const account = (JSON.parse(readFileSync(fileOf(), "utf8")) as Accounts)[title];
  assert.ok(account, `There is no account of "${title}": ${HOW}`);
  return account;
}

const HOW = "run the file under Node with FIRSTFLIGHT_RECORD=1";

/** Checks, in Node, that its account is still what was recorded; or records it. */
export function recordingFor(title: string, account: readonly string[]): void {
  if (process.env["FIRSTFLIGHT_RECORD"]) {
    const accounts = JSON.parse(readFileSync(fileOf(), "utf8")) as Accounts;
    accounts[title] = account;
    const sorted = Object.fromEntries(Object.entries(accounts).toSorted());
    writeFileSync(fileOf(), `${JSON.stringify(sorted, undefined, 2)}\n`);
  }
  assert.deepEqual(account, accountOf(title), HOW);
}
