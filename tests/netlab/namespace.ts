/**
 * Network namespaces by name, through the `ip` command.
 *
 * A name tells who made the namespace: `ff`, the process id, a counter. So namespaces that a killed
 * process left behind can be told from those in use.
 *
 * @module
 */

import { execFile, execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import process from "node:process";

const FOLDER = "/run/netns";
const NAME = /^ff(\d+)-\d+[cs]$/;

let counter = 0;

/** Names for the two ends of a new lab. */
export function newNames(): { client: string; server: string } {
  const stem = `ff${process.pid}-${++counter}`;
  return { client: `${stem}c`, server: `${stem}s` };
}

/** Runs `ip`. Rejects with its output on stderr. */
export function ip(args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile("ip", args, (error, stdout, stderr) => {
      if (error) reject(new Error(`ip ${args.join(" ")}: ${stderr || error.message}`.trim()));
      else resolve(stdout);
    });
    child.stdin?.on("error", () => {}); // `ip` ended early. Its status shows why.
    child.stdin?.end(input);
  });
}

/** Settings of a namespace by their path below `/proc/sys/net`. */
export type Sysctls = Readonly<Record<string, number | string>>;

/** Creates a namespace with settings of its own. */
export async function addNamespace(name: string, sysctls: Sysctls): Promise<void> {
  await ip(["netns", "add", name]);
  await setSysctls(name, sysctls);
}

/** Changes settings of a namespace. */
export async function setSysctls(name: string, sysctls: Sysctls): Promise<void> {
  const script = Object.entries(sysctls)
    .map(([path, value]) => `echo '${value}' > /proc/sys/net/${path}`)
    .join(" && ");
  await ip(["netns", "exec", name, "sh", "-c", script]);
}

/**
 * Ends the processes in a namespace, then removes it. It is synchronous, because it also runs while
 * the process exits. It never throws, because the rest must be removed, too.
 */
export function removeNamespace(name: string): void {
  if (!existsSync(`${FOLDER}/${name}`)) return;
  try {
    const pids = execFileSync("ip", ["netns", "pids", name], { encoding: "utf8" });
    for (const pid of pids.split("\n").filter((line) => line !== "")) endProcess(Number(pid));
    execFileSync("ip", ["netns", "del", name], { stdio: "ignore" });
  } catch {
    // Another process removed it first.
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

/** Removes namespaces whose owner was killed before it could remove them. */
export function sweepNamespaces(): void {
  if (!existsSync(FOLDER)) return;
  for (const name of readdirSync(FOLDER)) {
    const owner = NAME.exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) removeNamespace(name);
  }
}
