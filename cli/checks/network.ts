/**
 * Checks that try the network.
 *
 * @module
 */

import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import process from "node:process";
import { connect, type FastOpenSupport } from "../../mod.ts";
import { runtime } from "../../runtimes/mod.ts";
import { failureOf } from "../failure.ts";
import type { Check } from "./check.ts";
import { clientFix } from "./kernel.ts";
import { isDenied } from "./runtime.ts";

const LOOPBACK = "127.0.0.1";

/** Whether connections are permitted. The check asks about this machine's own address. */
export async function checkPermission(): Promise<Check> {
  const name = "network";
  if (await deniedLoopback() === undefined) {
    return { name, state: "ok", finding: "connections are permitted", required: true };
  }
  const command = runtime.name === "deno" ? "deno run" : runtime.name;
  const fix = `${command} --allow-net …`;
  return { name, state: "lacking", finding: "connections are not permitted", fix, required: true };
}

async function deniedLoopback(): Promise<string | undefined> {
  return await runtime.deniedNet(LOOPBACK, 0);
}

/** Opens a connection to this machine with data in the SYN, or with the request for a cookie. */
export async function checkClientSide(support: FastOpenSupport): Promise<Check> {
  const { client, reason } = support;
  const name = "Fast Open out";
  const lacking = (why: string): Check => {
    const fix = process.platform === "linux" && /sysctl/.test(why) ? clientFix() : undefined;
    const [finding = why] = fix === undefined ? [why] : why.split(";");
    return { name, state: "lacking", finding, required: true, ...(fix ? { fix } : {}) };
  };
  const missing = isDenied(support) ? "FFI" : await deniedLoopback() ? "the network" : undefined;
  if (missing !== undefined) {
    const finding = `can't be tried without ${missing}`;
    return { name, state: "unknown", finding, required: true };
  }
  if (!client) return lacking(reason ?? "not supported");
  try {
    const { outcome, reason } = await tryLoopback();
    if (outcome === "unsupported") return lacking(reason ?? outcome);
    const what = outcome === "cookie-requested" ? "asked for a cookie" : "carried data";
    const finding = `tried: the SYN of a connection to this machine ${what}`;
    return { name, state: "ok", finding, required: true };
  } catch (error) {
    const { message, code } = failureOf(error);
    const finding = `could not be tried: ${message} [${code}]`;
    return { name, state: "unknown", finding, required: true };
  }
}

async function tryLoopback(): Promise<{ outcome: string; reason?: string | undefined }> {
  const server = createServer((socket) => socket.on("error", () => {}).resume());
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(0, LOOPBACK, resolve);
  await promise;
  try {
    const { port } = server.address() as { port: number };
    using conn = await connect({ hostname: LOOPBACK, port, data: Uint8Array.of(0) });
    return conn.fastOpen;
  } finally {
    server.close();
  }
}

/** Whether hosts can be reached over IPv6. */
export function checkIpv6(): Check {
  const name = "IPv6";
  try {
    const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const ofFamily = addresses.filter(({ family, internal }) => family === "IPv6" && !internal);
    const routed = ofFamily.find(({ address }) => /^[23]/.test(address)); // 2000::/3
    if (routed) return { name, state: "ok", finding: `this machine has ${routed.address}` };
    const local = ofFamily.find(({ address }) => /^f[cd]/i.test(address)); // fc00::/7
    const finding = local
      ? `this machine has ${local.address} alone, which the internet does not know`
      : "no address: hosts are reached over IPv4 alone";
    return { name, state: "lacking", finding };
  } catch (error) {
    return { name, state: "unknown", finding: (error as Error).message };
  }
}
