/**
 * Lists of hosts, as an environment variable or a file has them.
 *
 * @module
 */

import { builtin } from "./builtins.ts";

/** Hosts that something is allowed for. */
export interface HostList {
  has(host: string, port: number): boolean;
}

/** No host at all. */
export const noHosts: HostList = { has: () => false };

/** Any host. */
export const allHosts: HostList = { has: () => true };

/**
 * Reads `host:port,host:port`; an IPv6 address is in brackets. `@FILE` names a file that has one on each
 * line, after which `#` begins a remark.
 *
 * @throws {Error} that says in words what is wrong
 */
export function readHosts(text: string): HostList {
  const entries = text.startsWith("@") ? entriesIn(text.slice(1)) : text.split(",");
  const known = new Set<string>();
  for (const entry of entries.map((each) => each.trim())) {
    if (entry !== "") known.add(readEntry(entry));
  }
  if (known.size === 0) throw new Error("it names no host");
  return { has: (host, port) => known.has(keyOf(host, port)) };
}

function entriesIn(path: string): string[] {
  const file = builtin("fs").readFileSync(path, "utf8");
  return file.split("\n").map((line) => line.replace(/#.*/, ""));
}

function readEntry(entry: string): string {
  const [, bracketed, name, port = ""] = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(entry) ??
    [];
  const host = bracketed ?? name;
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) {
    throw new Error(`"${entry}" is not HOST:PORT`);
  }
  return keyOf(host, Number(port));
}

function keyOf(host: string, port: number): string {
  return `${host.toLowerCase().replace(/\.$/, "")} ${port}`;
}
