/**
 * The runtime, its permissions, and the OpenSSL it can call.
 *
 * @module
 */

import process from "node:process";
import type { FastOpenSupport } from "../../mod.ts";
import { runtime } from "../../runtimes/mod.ts";
import { firstVersions, isAtLeast } from "../../runtimes/versions.ts";
import { ownRoots } from "../../tls/engine/own_roots.ts";
import { type Check, readKernelFile } from "./check.ts";
import { installCommand } from "./packages.ts";

const titles = { deno: "Deno", bun: "Bun", node: "Node" } as const;
const upgrades = {
  deno: "deno upgrade",
  bun: "bun upgrade",
  node: "install a current Node from https://nodejs.org",
} as const;

/** The runtime's version. */
export function checkRuntime(): Check {
  const { name } = runtime;
  const version = process.versions[name] ?? "";
  const [major, minor] = firstVersions[name];
  const known = isAtLeast(version, firstVersions[name]);
  return {
    name: "runtime",
    // An older Deno or Bun may work. An older Node can't call C.
    state: known ? "ok" : name === "node" ? "lacking" : "unknown",
    finding: `${titles[name]} ${version}` +
      (known ? "" : ` is older than ${major}.${minor}, the oldest this is made for`),
    ...(known ? {} : { fix: upgrades[name] }),
    required: true,
  };
}

/** Whether C can be called. */
export function checkFfi(support: FastOpenSupport): Check {
  const { mechanism, reason = "" } = support;
  const name = "FFI";
  if (mechanism === "none") {
    return { name, state: "unknown", finding: "not needed: this platform has no Fast Open call" };
  }
  const [, why] = /^libc can't be called: (.*)/.exec(reason) ?? [];
  if (why === undefined) return { name, state: "ok", finding: "C functions can be called" };
  if (!isDenied(support)) return { name, state: "lacking", finding: why, required: true };
  const command = runtime.name === "deno" ? "deno run" : runtime.name;
  const finding = "calling C functions is not permitted";
  return { name, state: "lacking", finding, fix: `${command} --allow-ffi …`, required: true };
}

/** Whether FFI is not permitted. */
export function isDenied({ openssl }: FastOpenSupport): boolean {
  return "error" in openssl && openssl.error.startsWith("FFI is not permitted");
}

/** Which OpenSSL is used, and where it comes from. */
export async function checkOpenssl(support: FastOpenSupport): Promise<Check> {
  const { openssl } = support;
  const name = "OpenSSL";
  if ("version" in openssl) {
    const origin = runtime.exportsOpenssl ? `${titles[runtime.name]}'s own` : await loadedFrom();
    const finding = `version ${openssl.version}${origin === undefined ? "" : `, ${origin}`}`;
    return { name, state: "ok", finding, required: true };
  }
  const denied = isDenied(support);
  const absent = !denied && !/ does not start/.test(openssl.error);
  const fix = absent ? await installCommand("openssl") : undefined;
  return {
    name,
    state: denied ? "unknown" : "lacking",
    finding: denied ? "can't be looked for without FFI" : openssl.error,
    ...(fix === undefined ? {} : { fix }),
    required: true,
  };
}

/** The path of the libssl in this process, where the system shows it. */
async function loadedFrom(): Promise<string | undefined> {
  const maps = await readKernelFile("/proc/self/maps");
  return maps?.split("\n").find((line) => /\/libssl[^/]*$/.test(line))?.replace(/^[^/]*/, "");
}

/** The certificates that are trusted without `--ca`. */
export function checkRoots(): Check {
  const name = "trust";
  const { certificates, added, unreadable, places, untold } = ownRoots();
  const count = certificates.length + added.length;
  const parts = [
    ...(count > 0 ? [`${count} root certificates, ${titles[runtime.name]}'s own`] : []),
    ...(places === "openssl" ? ["the system's, where OpenSSL looks for them"] : []),
    ...(places && places !== "openssl" ? [`what is in ${places.file} and ${places.folder}`] : []),
  ];
  const gaps = [
    ...(unreadable > 0 ? [`${unreadable} more can't be read`] : []),
    ...(untold === undefined ? [] : [untold]),
  ];
  if (parts.length === 0) {
    const finding = ["no root certificates: every server needs --ca", ...gaps].join("; ");
    return { name, state: "lacking", finding, required: true };
  }
  return { name, state: "ok", finding: [parts.join(", and "), ...gaps].join("; "), required: true };
}
