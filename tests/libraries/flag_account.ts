/**
 * What the flag says of one library's exchanges, and the kernel: for tests that run these tests under the flag.
 *
 * @module
 */

import { appendFileSync, readFileSync } from "node:fs";
import process from "node:process";
import { findRegistered } from "../../register/registered.ts";
import { COUNTERS, parseTcpExt } from "../netlab/counters.ts";

/** The variable of the environment that names the file for the account. */
export const ACCOUNT_VARIABLE = "FIRSTFLIGHT_TEST_ACCOUNT";

/** One line of the account. */
export interface LibraryAccount {
  readonly library: string;
  /** How often each thing has happened, in the flag's words. */
  readonly counts: Readonly<Record<string, number>>;
  /** SYNs with data that a server has taken. */
  readonly taken: number;
}

/** Notes what has happened from here on to the call of the function that it returns. */
export function accountOf(library: string): () => void {
  const file = process.env[ACCOUNT_VARIABLE];
  const flag = findRegistered();
  if (file === undefined || !flag) return () => {};
  const before = flag.counts();
  const takenBefore = readTaken();
  return () => {
    const counts: Record<string, number> = {};
    for (const [line, count] of Object.entries(flag.counts())) {
      const more = count - (before[line] ?? 0);
      if (more > 0) counts[line] = more;
    }
    const account: LibraryAccount = { library, counts, taken: readTaken() - takenBefore };
    appendFileSync(file, `${JSON.stringify(account)}\n`);
  };
}

function readTaken(): number {
  return parseTcpExt(readFileSync(COUNTERS, "utf8"))["TCPFastOpenActive"] ?? NaN;
}
