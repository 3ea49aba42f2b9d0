/**
 * The demo's texts and drawings.
 *
 * @module
 */

import process from "node:process";
import { painter, wantsColor } from "../cli/style.ts";
import { formatMs, wrap } from "../cli/text.ts";
import { drawWaterfall, type WaterfallRow } from "../cli/waterfall.ts";
import type { ListenerFastOpen } from "../mod.ts";
import { drawEvidence } from "./evidence.ts";
import { medianOf, type Series } from "./series.ts";
import type { Stage } from "./stage.ts";
import type { Mode } from "./task.ts";

const color = wantsColor(process.stdout, (name) => process.env[name]);
const paint = painter(color);
const width = Math.min(Math.max(process.stdout.columns || 92, 72), 100);

const labels: Readonly<Record<Mode, string>> = {
  "plain": "plain",
  "fast-open": "Fast Open",
  "early-data": "+ early data",
};

/** How the demo is set up. */
export interface Setting {
  readonly origin: string;
  readonly fastOpen: ListenerFastOpen;
  readonly warmUp: number;
  readonly counted: number;
}

/** Draws what the demo shows, and what it can't show. */
export function drawHeading({ link, reason }: Stage, setting: Setting): string {
  const { origin, fastOpen, warmUp, counted } = setting;
  const facts: [string, string][] = [
    [
      "network",
      link
        ? `two hosts, ${link.rtt} ms there and back: namespaces with the kernel's own TCP, joined by ` +
          "a process that delays each packet and takes note of it"
        : `loopback: ${reason}`,
    ],
    [
      "origin",
      `listenTls on ${origin}, takes early data, ` +
      (fastOpen.enabled ? "takes data out of SYNs" : `no Fast Open: ${fastOpen.reason}`),
    ],
    ["plain", "SYN, ClientHello, request: each waits for the answer to the one before"],
    ["Fast Open", "the ClientHello rides in the SYN"],
    ["+ early data", "the request rides there too, encrypted under an earlier connection's ticket"],
    [
      "measured",
      `GET over a new connection, medians of ${counted} after ${warmUp} to warm up; ` +
      "0 is the call of connectTls",
    ],
  ];
  if (!link) {
    facts.push(
      ["not shown", "round trips saved: on loopback there are none worth speaking of"],
      ["", "packets, as somebody between the hosts sees them: that takes the emulated network"],
      ["", "the kernel's counters: here they count for the whole machine"],
    );
  }
  if (!fastOpen.enabled) facts.push([link ? "not shown" : "", "data in a SYN: see origin"]);
  const title = "firstflight: one HTTPS request, three ways, from three runtimes";
  return ["", paint("bold", title), "", ...facts.flatMap(drawFact)].join("\n");
}

/** Columns for the names of facts. */
const NAME_WIDTH = 14;

function drawFact([name, text]: [string, string]): string[] {
  return wrap(text, width - NAME_WIDTH).map((line, index) =>
    paint("dim", (index === 0 ? name : "").padEnd(NAME_WIDTH)) + line
  );
}

/** Draws one runtime's connections over a common axis, and the evidence for them. */
export function drawRuntime(runtime: string, all: readonly Series[], { link }: Stage): string {
  const [first] = all;
  const { protocol, group } = first?.findings.at(-1) ?? {};
  const name = `${runtime} ${first?.version}`;
  const rest = `${protocol} ${group}`;
  const rule = "─".repeat(Math.max(3, width - name.length - rest.length - 6));
  return [
    "",
    `${paint("dim", "──")} ${paint("bold", name)} ${paint("dim", `${rule} ${rest}`)}`,
    "",
    drawWaterfall(all.map(rowOf), { rtt: link?.rtt ?? 0, width, color }),
    "",
    drawEvidence(all, all.map(({ mode }) => labels[mode]), paint),
  ].join("\n");
}

function rowOf(series: Series): WaterfallRow {
  return {
    label: labels[series.mode],
    marks: [
      { name: startOf(series), at: medianOf(series, ({ syn }) => syn) },
      { name: "server's hello", at: medianOf(series, ({ hello }) => hello) },
      { name: "secure", at: medianOf(series, ({ secure }) => secure) },
      { name: "request", at: medianOf(series, ({ request }) => request) },
      { name: "first byte", at: medianOf(series, ({ response }) => response) },
    ],
  };
}

/** What the client sends first. */
function startOf({ findings }: Series): string {
  const rode = findings.every(({ fastOpen }) => fastOpen.synBytes > 0);
  const early = findings.every(({ earlyData }) => earlyData === "accepted");
  return ["SYN", ...(rode ? ["hello"] : []), ...(rode && early ? ["request"] : [])].join(" + ");
}

/** Draws a line per runtime, and what went wrong. */
export function drawSummary(
  results: ReadonlyMap<string, readonly Series[]>,
  complaints: readonly string[],
  { link }: Stage,
): string {
  const lines = [...results].map(([runtime, all]) => {
    const [longest = NaN, , shortest = NaN] = all.map((series) =>
      medianOf(series, ({ response }) => response)
    );
    const count = (milliseconds: number) =>
      link ? (milliseconds / link.rtt).toFixed(2) : formatMs(milliseconds);
    const unit = link ? " round trips" : "";
    return paint("bold", `${runtime}:`) +
      ` first byte after ${paint("green", count(shortest))}${unit} instead of ${count(longest)}` +
      (link ? `, ${formatMs(longest - shortest)} sooner` : " (loopback: no round trips to save)");
  });
  const wrong = complaints.map((complaint) =>
    `${paint("red", "not as it should be:")} ${complaint}`
  );
  return ["", paint("dim", "─".repeat(width)), ...lines, ...wrong, ""].join("\n");
}
