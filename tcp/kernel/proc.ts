/**
 * What Linux's kernel tells in files.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { runtime } from "../../runtimes/mod.ts";

/** The file that a setting of the network is. */
export function pathOfSetting(name: string): string {
  return `/proc/sys/${name.replaceAll(".", "/")}`;
}

/** An integer setting such as `net.ipv4.tcp_fastopen`; `undefined` where it can't be read. */
export function readSetting(name: string): number | undefined {
  const text = read(pathOfSetting(name))?.trim();
  return text === undefined || !/^-?\d+$/.test(text) ? undefined : Number(text);
}

/** One of the TcpExt counters; `undefined` where it can't be read. */
export function readCounter(name: string): number | undefined {
  const lines = read("/proc/net/netstat")?.split("\n") ?? [];
  const [names = [], values = []] = lines.filter((line) => line.startsWith("TcpExt: "))
    .map((line) => line.split(" "));
  const value = values[names.indexOf(name)];
  return value === undefined ? undefined : Number(value);
}

/** Never prompts for the permission. */
function read(path: string): string | undefined {
  if (!runtime.mayAccess(path, "read")) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
