/**
 * One line of the doctor's report.
 *
 * @module
 */

import { accessSync, constants } from "node:fs";
import { readFile } from "node:fs/promises";
import process from "node:process";

/** What was found out about one thing. */
export interface Check {
  readonly name: string;
  readonly state: "ok" | "lacking" | "unknown";
  /** What was found, and what it means. */
  readonly finding: string;
  /** The command that makes it right, where there is one. */
  readonly fix?: string;
  /** Without it no client has TLS with Fast Open. */
  readonly required?: boolean;
}

/** A command that needs root. */
export function asRoot(command: string): string {
  return process.geteuid?.() === 0 ? command : `sudo ${command}`;
}

/** A file of the kernel's as text; `undefined` where it is absent or may not be read. */
export async function readKernelFile(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    return undefined;
  }
}

/** The command that sets a sysctl; inside a container that is up to whoever starts it. */
export function setSysctl(name: string, value: number): string {
  const path = `/proc/sys/${name.replaceAll(".", "/")}`;
  if (process.geteuid?.() === 0) {
    try {
      accessSync(path, constants.W_OK);
    } catch {
      return `docker run --sysctl ${name}=${value} …`;
    }
  }
  return asRoot(`sysctl -w ${name}=${value}`);
}
