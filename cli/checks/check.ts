/**
 * One line of the doctor's report.
 *
 * @module
 */

import { accessSync, constants } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { pathOfSetting } from "../../tcp/kernel/proc.ts";

/** The result of one check. */
export interface Check {
  readonly name: string;
  readonly state: "ok" | "lacking" | "unknown";
  /** What was found, and what it means. */
  readonly finding: string;
  /** The command that fixes it, where there is one. */
  readonly fix?: string;
  /** Whether clients need it for TLS with Fast Open. */
  readonly required?: boolean;
}

/** A command that needs root, with sudo where this process is not root. */
export function asRoot(command: string): string {
  return process.geteuid?.() === 0 ? command : `sudo ${command}`;
}

/** A kernel file as text; `undefined` where it is absent or may not be read. */
export async function readKernelFile(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    return undefined;
  }
}

/** The command that sets a sysctl. In a container only the command that starts it can. */
export function setSysctl(name: string, value: number): string {
  const path = pathOfSetting(name);
  if (process.geteuid?.() === 0) {
    try {
      accessSync(path, constants.W_OK);
    } catch {
      return `docker run --sysctl ${name}=${value} …`;
    }
  }
  return asRoot(`sysctl -w ${name}=${value}`);
}
