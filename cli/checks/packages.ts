/**
 * The commands that install packages on this system.
 *
 * @module
 */

import process from "node:process";
import { asRoot, readKernelFile } from "./check.ts";

/** Things that may have to be installed. */
export type Installable = "openssl" | "iproute2";

/** Commands by distribution: the ID or ID_LIKE of /etc/os-release. */
const installers: Readonly<Record<string, { command: string } & Record<Installable, string>>> = {
  debian: { command: "apt-get install", openssl: "libssl3", iproute2: "iproute2" },
  fedora: { command: "dnf install", openssl: "openssl-libs", iproute2: "iproute" },
  rhel: { command: "dnf install", openssl: "openssl-libs", iproute2: "iproute" },
  alpine: { command: "apk add", openssl: "libssl3", iproute2: "iproute2" },
  arch: { command: "pacman -S", openssl: "openssl", iproute2: "iproute2" },
  suse: { command: "zypper install", openssl: "libopenssl3", iproute2: "iproute2" },
};

/** The command that installs `what`; `undefined` where it is not known for this system. */
export async function installCommand(what: Installable): Promise<string | undefined> {
  if (process.platform === "darwin") {
    return what === "openssl" ? "brew install openssl@3" : undefined;
  }
  return installCommandFor(what, await readKernelFile("/etc/os-release") ?? "");
}

/** As {@linkcode installCommand}, from the content of /etc/os-release. */
export function installCommandFor(what: Installable, release: string): string | undefined {
  const value = (key: string) =>
    new RegExp(`^${key}="?([^"\\n]*)"?$`, "m").exec(release)?.[1] ?? "";
  const names = `${value("ID")} ${value("ID_LIKE")}`.split(" ");
  const name = names.find((each) => Object.hasOwn(installers, each));
  const installer = name === undefined ? undefined : installers[name];
  if (!installer) return undefined;
  // Debian 13 and Ubuntu 24.04 renamed the library on some architectures, for 64-bit time.
  const major = Number.parseInt(value("VERSION_ID"), 10);
  const renamed = what === "openssl" && name === "debian" &&
    major >= (value("ID") === "ubuntu" ? 24 : 13) && major < 100;
  return asRoot(`${installer.command} ${installer[what]}${renamed ? "t64" : ""}`);
}
