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
  const isFile = text.startsWith("@");
  const list = isFile ? builtin("fs").readFileSync(text.slice(1), "utf8") : text;
  const known = new Set(entriesIn(list, isFile).map((entry) => readEntry(entry.text)));
  if (known.size === 0) throw new Error("it names no host");
  return { has: (host, port) => known.has(keyOf(host, port)) };
}

/** One entry of a list. */
export interface Entry {
  readonly text: string;
  /** Its line in a file, counted from 1. */
  readonly line: number;
}

/** The entries of a list that has commas between them, or, in a file, one on each line before a `#`. */
export function entriesIn(list: string, isFile: boolean): Entry[] {
  const parts = isFile ? list.split("\n").map((line) => line.replace(/#.*/, "")) : list.split(",");
  return parts.map((part, index) => ({ text: part.trim(), line: index + 1 }))
    .filter(({ text }) => text !== "");
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
