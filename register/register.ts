/**
 * Sets the flag, once in each thread.
 *
 * @module
 */

import { whyTooOld } from "../runtimes/versions.ts";
import { builtin } from "./builtins.ts";
import { patchDeno } from "./deno.ts";
import { onFirstUse } from "./first_use.ts";
import { Flag } from "./flag.ts";
import { patchOwnListeners, patchServers } from "./listeners.ts";
import { patchNet } from "./net.ts";
import { findRegistered, keepRegistered, type Registered } from "./registered.ts";
import { reportAtExit, warn } from "./report.ts";
import { readSwitches } from "./switches.ts";
import { patchTls } from "./tls.ts";

/** Replaces what opens connections and listens; does nothing where that was done before. */
export async function register(url: string): Promise<Registered> {
  const known = findRegistered();
  if (known) {
    if (known.url !== url) warn(`${url} is ignored: the flag was set by ${known.url} already`);
    return known;
  }
  try {
    const tooOld = whyTooOld(globalThis.process.versions);
    if (tooOld) throw new Error(tooOld);
    return await setFlag(url);
  } catch (error) {
    warnOfLack(error);
    return { url, patched: [], counts: () => ({}) };
  }
}

/** A program must not fail that does without. An older runtime may lack what is needed here. */
function warnOfLack(error: unknown): void {
  warn(`connections stay the runtime's: ${(error as Error).message}`);
}

async function setFlag(url: string): Promise<Registered> {
  const flag = new Flag(readSwitches());
  const registered: Registered = {
    url,
    patched: flag.patched,
    counts: () => flag.account.counts(),
  };
  keepRegistered(registered);
  const { isOff, optimisticNet, problems, report } = flag.switches;
  for (const problem of problems) warn(problem);
  if (isOff) return registered;
  const patchModules = () => {
    try {
      patchTls(flag);
      if (optimisticNet) patchNet(flag, optimisticNet);
      patchServers(flag);
      builtin("module").syncBuiltinESMExports?.();
    } catch (error) {
      warnOfLack(error);
    }
  };
  onFirstUse(patchModules);
  patchOwnListeners(flag);
  patchDeno(flag);
  if (report) reportAtExit(flag);
  // Last: what a program imports beside this module is evaluated while it waits.
  await flag.library.loadEarly();
  return registered;
}
