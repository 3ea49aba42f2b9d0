/**
 * Connections that the kernel still has.
 *
 * @module
 */

import { execFileSync } from "node:child_process";

/** The states of connections to `port` that their client has not closed, as `ss` calls them. */
export function leftOpen(port: number): string[] {
  const states = ["close-wait", "established", "syn-sent"].flatMap((state) => ["state", state]);
  const filter = ["dport", "=", `:${port}`];
  const output = execFileSync("ss", ["-tnHO", ...states, ...filter], { encoding: "utf8" });
  return output.split("\n").filter((line) => line !== "").map((line) =>
    line.split(" ", 1)[0] ?? ""
  );
}
