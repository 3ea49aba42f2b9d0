/**
 * What the parts of the flag share.
 *
 * @module
 */

import { Account } from "./account.ts";
import { LibraryLoader } from "./library.ts";
import type { Switches } from "./switches.ts";
import type { Options, Understood } from "./understand.ts";

/** One flag: there is one in a thread. */
export class Flag {
  readonly switches: Switches;
  readonly account = new Account();
  readonly library = new LibraryLoader();
  /** What was replaced, such as `tls.connect`. */
  readonly patched: string[] = [];

  constructor(switches: Switches) {
    this.switches = switches;
  }

  /**
   * What the library makes of a call; `undefined` where it is left to the runtime, which gets it untouched.
   * An option that the library refuses is for the runtime to judge.
   */
  take<T>(of: string, understood: Understood, make: (options: Options) => T): T | undefined {
    if ("reason" in understood) {
      this.account.left(of, understood.reason);
      return undefined;
    }
    try {
      return make(understood.options);
    } catch (error) {
      this.account.left(of, describe(error));
      return undefined;
    }
  }
}

function describe(error: unknown): string {
  const { option, message } = error as Partial<Record<"option" | "message", string>>;
  return option === undefined ? `since ${message ?? error}` : `option ${option}`;
}
