/**
 * What the environment asks of the flag.
 *
 * @module
 */

import { allHosts, type HostList, noHosts, readHosts } from "./hosts.ts";

/** What is asked for. */
export interface Switches {
  /** Whether nothing is to be touched: `FIRSTFLIGHT=off`. */
  readonly isOff: boolean;
  /** Whether requests of HTTP that may be repeated are early data: `FIRSTFLIGHT_EARLY_DATA=safe`. */
  readonly safeEarlyData: boolean;
  /**
   * Where anything that is written first is early data, which others can replay:
   * `FIRSTFLIGHT_DANGEROUS_EARLY_DATA_HOSTS`.
   */
  readonly dangerousEarlyDataHosts: HostList;
  /**
   * Where plain connections are opened by their first write, having said "connect" before:
   * `FIRSTFLIGHT_OPTIMISTIC_NET`, `on` for all.
   */
  readonly optimisticNet: HostList | undefined;
  /** Whether to say at the end what was done: `FIRSTFLIGHT_REPORT=1`. */
  readonly report: boolean;
  /** What could not be read, in sentences. What it would have switched on stays off. */
  readonly problems: readonly string[];
}

/** Reads the switches. */
export function readSwitches(env: (name: string) => string | undefined = readVariable): Switches {
  const problems: string[] = [];
  const read = <T>(name: string, otherwise: T, parse: (text: string) => T): T => {
    const text = env(name)?.trim();
    if (text === undefined || text === "") return otherwise;
    try {
      return parse(text);
    } catch (error) {
      problems.push(`${name} is ignored: ${(error as Error).message}`);
      return otherwise;
    }
  };
  return {
    isOff: read("FIRSTFLIGHT", false, (text) => oneOf(text, { off: true, on: false })),
    safeEarlyData: read("FIRSTFLIGHT_EARLY_DATA", false, (text) => {
      return oneOf(text, { safe: true, off: false });
    }),
    dangerousEarlyDataHosts: read("FIRSTFLIGHT_DANGEROUS_EARLY_DATA_HOSTS", noHosts, readHosts),
    optimisticNet: read("FIRSTFLIGHT_OPTIMISTIC_NET", undefined, (text) => {
      return text === "on" ? allHosts : text === "off" ? undefined : readHosts(text);
    }),
    report: read("FIRSTFLIGHT_REPORT", false, (text) => oneOf(text, { 1: true, 0: false })),
    problems,
  };
}

/** A variable that may not be read is one that is not set: Deno asks for a permission. */
export function readVariable(name: string): string | undefined {
  try {
    return globalThis.process.env[name];
  } catch {
    return undefined;
  }
}

function oneOf(text: string, values: Readonly<Record<string, boolean>>): boolean {
  const value = Object.hasOwn(values, text) ? values[text] : undefined;
  if (value !== undefined) return value;
  const names = Object.keys(values).map((name) => `"${name}"`).join(" or ");
  throw new Error(`it must be ${names}, got "${text}"`);
}
