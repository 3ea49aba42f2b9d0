/**
 * The flag of `register.ts`, which programs run under that stay as they are.
 *
 * @module
 */

import { findRegistered } from "../../register/registered.ts";
import { readSwitches } from "../../register/switches.ts";
import type { Check } from "./check.ts";

/** Whether this process runs under the flag, what it has replaced, and what the environment asks of it. */
export function checkFlag(): Check {
  const name = "flag";
  const flag = findRegistered();
  const { isOff, problems } = readSwitches();
  if (problems.length > 0) return { name, state: "lacking", finding: problems.join("; ") };
  if (isOff) return { name, state: "unknown", finding: "FIRSTFLIGHT=off: nothing is touched" };
  if (!flag) {
    const finding = "not set in this process; firstflight run -- COMMAND sets it for another";
    return { name, state: "unknown", finding };
  }
  const left = Object.entries(flag.counts()).filter(([line]) =>
    line.includes("left to the runtime")
  );
  const finding = `set, by ${flag.url}; it has replaced ${flag.patched.join(", ")}` +
    left.map(([line, count]) => `; ${count} × ${line}`).join("");
  return { name, state: "ok", finding };
}
