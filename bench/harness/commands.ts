/**
 * Clients that are commands: curl, and gnutls-cli, whose patch began all this.
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
  /** Milliseconds for all of it. */
  readonly timeout: number;
}

/** What a command tells of itself, or what shows on it. */
export interface CommandObservation extends Partial<Observation> {
  /** When its output showed a response, by the clock of the link's packets. */
  readonly answeredAt?: number;
}

/** Makes one connection. What the command itself doesn't tell, the link does. */
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

/** gnutls-cli's output when the last response of a run begins, and how many responses there are. */
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
    child.stdin!.on("error", () => {}); // It ended before it read everything.
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
