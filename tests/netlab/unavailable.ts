/**
 * Whether this machine, and this user, can have an emulated network.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import process from "node:process";

const CAPABILITIES = [["CAP_NET_ADMIN", 12n], ["CAP_SYS_ADMIN", 21n]] as const;

/** The reason why {@linkcode startNetlab} would fail; `undefined` when there is none. */
export function netlabUnavailable(): string | undefined {
  if (process.platform !== "linux") return "network namespaces and TUN devices need Linux";
  if (process.geteuid?.() !== 0) return "network namespaces need root";
  const status = readFileSync("/proc/self/status", "utf8");
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  for (const [name, bit] of CAPABILITIES) {
    if ((effective >> bit & 1n) === 0n) return `network namespaces need ${name}`;
  }
  if (!existsSync("/dev/net/tun")) return "there is no /dev/net/tun";
  try {
    execFileSync("ip", ["-Version"], { stdio: "ignore" });
  } catch {
    return "there is no ip command (iproute2)";
  }
  return undefined;
}

/**
 * The `skip` option for a test that needs the emulated network. Where tests run unattended (CI),
 * nobody would notice a skip, so there it is an error.
 */
export function netlabSkip(): string | false {
  const reason = netlabUnavailable();
  if (reason !== undefined && process.env["CI"]) throw new Error(`no emulated network: ${reason}`);
  return reason ?? false;
}
