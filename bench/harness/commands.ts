/**
 * Clients that are commands: curl and gnutls-cli. GnuTLS has had Fast Open since 2016.
 *
 * @module
 */

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { monotonicNow } from "../../tests/netlab/clock.ts";
import type { Host } from "../../tests/netlab/mod.ts";
import { type Observation, request, type Target } from "../clients/latency/way.ts";

/** What a command needs besides the target. */
export interface CommandOptions {
  /** Where `cert.pem` is. */
  readonly folder: string;
  /** Milliseconds for the whole connection. */
  readonly timeout: number;
}

/** What a command reports, and what can be seen from outside. */
export interface CommandObservation extends Partial<Observation> {
  /** When a response appeared in its output, by the clock of the link's packets. */
  readonly answeredAt?: number;
}

/** Makes one connection. The link shows what the command itself doesn't report. */
export type Command = (
  host: Host,
  target: Target,
  options: CommandOptions,
) => Promise<CommandObservation>;

function curl(...flags: string[]): Command {
  return async (host, { hostname, port }, { folder, timeout }) => {
    const format = "%{stderr}%{time_appconnect} %{time_starttransfer}";
    const trust = ["--cacert", join(folder, "cert.pem")];
    const common = ["-sSN", "--http1.1", "-m", `${timeout / 1000}`, ...trust];
    const url = `https://${hostname}:${port}/close`;
    const child = host.spawn("curl", [...common, ...flags, "-w", format, url], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    let answeredAt = NaN;
    child.stdout!.on("data", () => answeredAt ||= monotonicNow());
    child.stderr!.setEncoding("utf8").on("data", (text: string) => said += text);
    const [code] = await once(child, "close");
    if (code !== 0) throw new Error(said || `curl ended with ${code}`);
    const [handshake = NaN, firstByte = NaN] = said.split(" ").map((text) => Number(text) * 1000);
    return { handshake, firstByte, answeredAt };
  };
}

/**
 * Runs gnutls-cli until its output shows so many responses. `answeredAt` is when the last begins.
 */
function gnutls(responses: number, ...flags: string[]): Command {
  return async (host, target, { folder, timeout }) => {
    const { hostname, port } = target;
    const early = join(folder, "early-data");
    writeFileSync(early, request(target));
    const args = ["--x509cafile", join(folder, "cert.pem"), "--port", `${port}`];
    const names = ["--sni-hostname", "localhost", "--verify-hostname", "localhost"];
    const filled = flags.map((flag) => flag.replace("{early}", early));
    const child = host.spawn("gnutls-cli", [...args, ...names, ...filled, hostname], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    let output = "";
    let answeredAt = NaN;
    const timer = setTimeout(() => child.kill(), timeout);
    const closed = once(child, "close");
    child.stdin!.on("error", () => {}); // gnutls-cli may end before it has read everything.
    child.stdin!.write(request(target));
    child.stdout!.setEncoding("latin1").on("data", (text: string) => {
      output += text;
      if (output.split("HTTP/1.1 200").length <= responses) return;
      answeredAt ||= monotonicNow();
      child.stdin!.end();
    });
    await closed;
    clearTimeout(timer);
    if (!output.includes("HTTP/1.1 200")) throw new Error(`gnutls-cli got no response\n${output}`);
    return { answeredAt };
  };
}

export const commands: Readonly<Record<string, Command>> = {
  "curl": curl(),
  "curl --tcp-fastopen": curl("--tcp-fastopen"),
  "gnutls-cli": gnutls(1),
  "gnutls-cli --fastopen": gnutls(1, "--fastopen"),
  "gnutls-cli --fastopen, early data": gnutls(1, "--fastopen", "--resume", "--earlydata={early}"),
};
