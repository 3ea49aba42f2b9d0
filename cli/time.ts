/**
 * `firstflight time`: measures what Fast Open and early data save at a host.
 *
 * @module
 */

import process from "node:process";
import { isIP } from "node:net";
import type { TlsWarning } from "../mod.ts";
import { runtime } from "../runtimes/mod.ts";
import type { Command } from "./command.ts";
import { reportFailure } from "./failure.ts";
import { measure, type Measurement, type Samples } from "./measure.ts";
import { print, toJson } from "./output.ts";
import { aboutStore, openStore, storeOptions } from "./session_store.ts";
import { painter, wantsColor } from "./style.ts";
import { aboutTerms } from "./terms.ts";
import { formatMs, wrap } from "./text.ts";
import { readTlsOptions, tlsOptions } from "./tls_options.ts";
import { readUrl, shown, targetOf } from "./url.ts";
import {
  exitCodes,
  onlyPositional,
  type OptionSpecs,
  readArguments,
  readNumber,
  UsageError,
} from "./usage.ts";
import {
  gainOf,
  LEAST_ROUND_TRIP,
  remarksOf,
  remarksOnFirst,
  roundTripOf,
  type Verdict,
  verdictOf,
} from "./verdict.ts";
import { version } from "./version.ts";
import { Warnings } from "./warnings.ts";
import { drawWaterfall } from "./waterfall.ts";

const options = {
  repeat: { type: "string", value: "N", help: "connections of each kind (5)" },
  method: { type: "string", value: "NAME", help: "GET, HEAD or OPTIONS (GET)" },
  ...tlsOptions,
  ...storeOptions,
  json: { type: "boolean", help: "print everything as one line of JSON" },
} as const satisfies OptionSpecs;

/** Requests that may be repeated, because early data can be replayed (RFC 8470, section 2.1). */
const methods = ["GET", "HEAD", "OPTIONS"];
const MOST_REPEATS = 1_000;
const WIDTH = { narrow: 80, wide: 120 };

/** The command. */
export const timeCommand: Command = {
  name: "time",
  summary: "plain TLS, Fast Open, and Fast Open with early data, side by side",
  examples: [
    ["https://example.com/", "the median of five connections of each kind"],
    ["--repeat 20 --json https://example.com/", "more of them, for a program"],
    ["--ca ca.pem https://localhost:8443/", "a server with roots of its own"],
  ],
  usage: "[OPTIONS] URL",
  options,
  about: [
    "Draws when the server's hello, the end of the handshake and the first byte of the answer " +
    "arrived, in round trips after the SYN, and says what the kernel reports of Fast Open. First it " +
    "connects a few times to fetch the Fast Open cookie and session tickets. What this machine, the " +
    "way or the server does not do is said, not guessed.",
    "The first connection of all uses a ticket of an earlier run, if there is one, as a program would " +
    "that runs once. It is told of apart and not part of any median.",
    "Early data can be replayed by anybody on the way: a URL whose GET changes something is none to " +
    "measure.",
    aboutTerms,
    aboutStore,
  ],
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(args, options);
  const url = readUrl(onlyPositional(positionals, "URL"));
  const method = readMethod(values.method);
  const repeat = values.repeat === undefined
    ? 5
    : readNumber("repeat", values.repeat, { from: 1, to: MOST_REPEATS });
  const { hostname, port } = targetOf(url);
  const connection = {
    alpnProtocols: ["http/1.1"],
    ...await readTlsOptions(values),
    hostname,
    port,
  };
  const request = new TextEncoder().encode([
    `${method} ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    `User-Agent: firstflight/${version}`,
    "Accept: */*",
    "Connection: close",
    "\r\n",
  ].join("\r\n"));
  const json = values.json ?? false;
  const store = await openStore(values, json);
  const progress = json ? undefined : showProgress();
  try {
    const onProgress = progress && { onProgress: progress.show };
    const measured = await measure({ connection, request, repeat, store, ...onProgress });
    progress?.clear();
    if (!json) await new Warnings(false).say(warningsOf(measured));
    const host = isIP(hostname) ? "the server" : hostname;
    await print(
      process.stdout,
      json ? toJson(resultOf(url, host, measured)) : draw(url, host, measured),
    );
    return exitCodes.ok;
  } catch (error) {
    progress?.clear();
    return await reportFailure(error, json);
  }
}

function readMethod(text = "GET"): string {
  const method = text.toUpperCase();
  if (methods.includes(method)) return method;
  throw new UsageError(
    `Option --method must be ${methods.join(", ")}, got "${text}": early data can be replayed`,
  );
}

function showProgress(): { show(done: number, all: number): void; clear(): void } | undefined {
  const { stderr } = process;
  if (!stderr.isTTY) return undefined;
  return {
    show: (done, all) => stderr.write(`\r\x1b[Kmeasuring ${done + 1} of ${all} …`),
    clear: () => stderr.write("\r\x1b[K"),
  };
}

function verdictsOf(samples: Samples): Verdict[] {
  const ways = ["plain", "fast-open", "early-data"] as const;
  return ways.flatMap((way) => verdictOf(way, samples[way]) ?? []);
}

function draw(url: URL, host: string, { first, samples }: Measurement): string {
  const color = wantsColor(process.stdout, runtime.env);
  const width = Math.min(process.stdout.columns || WIDTH.narrow, WIDTH.wide);
  const measured = roundTripOf(samples);
  const tooShort = measured > 0 && measured < LEAST_ROUND_TRIP;
  const rtt = tooShort ? 0 : measured;
  const verdicts = verdictsOf(samples);
  const rows = verdicts.filter(isWorthARow).map(({ label, note, median }) => ({
    label,
    note,
    marks: [
      { name: "lookup", at: median.lookup },
      { name: "SYN", at: 0 },
      { name: "hello", at: median.hello },
      { name: "secure", at: median.secure },
      { name: "response", at: median.response },
    ].filter(({ name, at }) => name !== "lookup" || (at < -1 && !isIP(targetOf(url).hostname))),
  }));
  const chart = drawWaterfall(rows, { rtt, width, color });
  const gain = gainOf(verdicts.filter(isWorthARow));
  const remarks = [
    ...(gain === undefined ? [] : [gain]),
    ...remarksOf(host, samples),
    ...remarksOnFirst(host, first, rtt),
    ...(tooShort
      ? [`A round trip takes ${formatMs(measured)} only: what takes time here is not the network.`]
      : []),
  ];
  return [
    painter(color)("bold", heading(url, samples)),
    "",
    chart,
    ...(remarks.length > 0 ? ["", ...remarks.flatMap((remark) => wrap(remark, width))] : []),
  ].join("\n");
}

function heading(url: URL, samples: Samples): string {
  const [sample] = samples.plain;
  if (!sample) return shown(url);
  const { address, protocol, group, status } = sample;
  const answer = status === undefined ? "an answer that is not HTTP" : `status ${status}`;
  const facts = [address, protocol, group, answer, `medians of ${samples.plain.length}`];
  return `${shown(url)}: ${facts.filter(Boolean).join(", ")}`;
}

/** Whether a way gets a row. A way that turned out to be another one gets a remark instead. */
function isWorthARow({ way, outcomes, label }: Verdict): boolean {
  if (way === "fast-open") return outcomes.unsupported === undefined;
  return way === "plain" || label.includes("ticket");
}

/** The warnings of all connections, for text output. In JSON each connection has its own. */
function warningsOf({ first, samples }: Measurement): TlsWarning[] {
  return [first, ...Object.values(samples).flat()].flatMap(({ warnings }) => warnings);
}

function resultOf(url: URL, host: string, { first, samples }: Measurement) {
  return {
    url: shown(url),
    address: samples.plain[0]?.address ?? null,
    status: samples.plain[0]?.status ?? null,
    rtt: roundTripOf(samples) || null,
    first,
    ways: verdictsOf(samples),
    remarks: [...remarksOf(host, samples), ...remarksOnFirst(host, first, roundTripOf(samples))],
  };
}
