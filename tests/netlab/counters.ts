/**
 * The counters that a kernel keeps of its TCP, one set per network namespace.
 *
 * @module
 */

/** Where a process reads those of its own namespace. */
export const COUNTERS = "/proc/net/netstat";

/** The file is pairs of lines with one prefix: names, then values. */
export function parseTcpExt(text: string): Record<string, number> {
  const [names = [], values = []] = text.split("\n")
    .filter((line) => line.startsWith("TcpExt: "))
    .map((line) => line.split(" ").slice(1));
  return Object.fromEntries(names.map((name, index) => [name, Number(values[index])]));
}
