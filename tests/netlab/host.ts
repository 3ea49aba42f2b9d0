/**
 * A host of the lab: a network namespace, its addresses, and the processes run in it.
 *
 * @module
 */

import { spawn } from "node:child_process";
import type { ChildProcess, SpawnOptions } from "node:child_process";
import { ip } from "./namespace.ts";
import { DEVICE } from "./protocol.ts";

/** What a finished command left. */
export interface Finished {
  /** `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One of the two hosts. */
export interface Host {
  readonly namespace: string;
  readonly ipv4: string;
  readonly ipv6: string;

  /** Starts a command on this host. The child's pid is the command's own. */
  spawn(command: string, args: readonly string[], options?: SpawnOptions): ChildProcess;

  /** Runs a command on this host to its end. */
  run(command: string, args: readonly string[], options?: SpawnOptions): Promise<Finished>;

  /** The kernel's TcpExt counters of this host (`TCPFastOpenActive`, …), since it was made. */
  counters(): Promise<Record<string, number>>;

  /** Empties the kernel's cache of Fast Open cookies, path MTUs and round-trip times. */
  forgetCookies(): Promise<void>;

  /**
   * Gives this host one more address, within 10.77.0.0/16 or fd77::/16, which the other host reaches
   * as it does the first. An address of these that nobody was given is a dead one: packets to it
   * vanish.
   */
  addAddress(address: string): Promise<void>;
}

export function createHost(namespace: string, ipv4: string, ipv6: string): Host {
  const host: Host = {
    namespace,
    ipv4,
    ipv6,

    spawn(command, args, options = {}) {
      return spawn("ip", ["netns", "exec", namespace, command, ...args], options);
    },

    run(command, args, options = {}) {
      const child = host.spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
      return new Promise((resolve, reject) => {
        let stdout = "", stderr = "";
        child.stdout?.setEncoding("utf8").on("data", (text: string) => stdout += text);
        child.stderr?.setEncoding("utf8").on("data", (text: string) => stderr += text);
        child.once("error", reject);
        child.once("close", (code) => resolve({ code, stdout, stderr }));
      });
    },

    async counters() {
      const { stdout } = await host.run("cat", ["/proc/net/netstat"]);
      return parseTcpExt(stdout);
    },

    async forgetCookies() {
      await ip(["-n", namespace, "tcp_metrics", "flush", "all"]);
    },

    async addAddress(address) {
      const [prefix, flags] = address.includes(":") ? [128, ["nodad"]] : [32, []];
      await ip(["-n", namespace, "addr", "add", `${address}/${prefix}`, "dev", DEVICE, ...flags]);
    },
  };
  return host;
}

/** `/proc/net/netstat` is pairs of lines with one prefix: names, then values. */
function parseTcpExt(text: string): Record<string, number> {
  const [names = [], values = []] = text.split("\n")
    .filter((line) => line.startsWith("TcpExt: "))
    .map((line) => line.split(" ").slice(1));
  return Object.fromEntries(names.map((name, index) => [name, Number(values[index])]));
}
