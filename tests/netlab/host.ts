/**
 * A host of the lab: a network namespace, its addresses, and the processes run in it.
 *
 * @module
 */

import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import { COUNTERS, parseTcpExt } from "./counters.ts";
import { ip, setSysctls } from "./namespace.ts";
import { DEVICE } from "./protocol.ts";

/** The result of a finished command. */
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

  /** Empties the kernel's cache of Fast Open cookies and round-trip times. */
  forgetCookies(): Promise<void>;

  /** Empties the kernel's cache of path MTUs. */
  forgetMtus(): Promise<void>;

  /** Changes a setting of this host's kernel, by its path below `/proc/sys/net`. */
  setSysctl(path: string, value: number | string): Promise<void>;

  /**
   * Gives this host one more address, within 10.77.0.0/16, fd77::/16 or 2001:db8:77::/48. The other
   * host reaches it like the first one. An address of these networks that no host has is dead:
   * packets to it vanish.
   *
   * An address of the last network looks global. Once both hosts have one, such addresses of a
   * name, dead or not, come before the name's IPv4 addresses (RFC 6724). The place of addresses of
   * fd77::/16 depends on the C library: older ones put them first, too.
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
      const { stdout } = await host.run("cat", [COUNTERS]);
      return parseTcpExt(stdout);
    },

    async forgetCookies() {
      await ip(["-n", namespace, "tcp_metrics", "flush", "all"]);
    },

    async forgetMtus() {
      await Promise.all(
        ["-4", "-6"].map((family) => ip(["-n", namespace, family, "route", "flush", "cache"])),
      );
    },

    async setSysctl(path, value) {
      await setSysctls(namespace, { [path]: value });
    },

    async addAddress(address) {
      const [prefix, flags] = address.includes(":") ? [128, ["nodad"]] : [32, []];
      await ip(["-n", namespace, "addr", "add", `${address}/${prefix}`, "dev", DEVICE, ...flags]);
    },
  };
  return host;
}
