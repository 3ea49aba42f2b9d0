/**
 * The counters that a kernel keeps for TCP, one set per network namespace.
 *
 * @module
 */

/** The file with the counters of a process's own namespace. */
export const COUNTERS = "/proc/net/netstat";

/** The file consists of pairs of lines with one prefix: names, then values. */
export function parseTcpExt(text: string): Record<string, number> {
  const [names = [], values = []] = text.split("\n")
    .filter((line) => line.startsWith("TcpExt: "))
    .map((line) => line.split(" ").slice(1));
  return Object.fromEntries(names.map((name, index) => [name, Number(values[index])]));
}
