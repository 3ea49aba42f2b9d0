/**
 * The conditions that must hold on a platform.
 *
 * @module
 */

import { features } from "../../tls/engine/features.ts";
import type { SeenPacket } from "../netlab/mod.ts";
import { acknowledged, type Flow, flowsIn } from "../peers/wire.ts";
import type { About, Finding, Step } from "./finding.ts";

/** The abilities of a platform. They decide what must hold on it. */
export interface Expected {
  readonly os: string;
  readonly arch: string;
  /** The C library, where there is one that can be called. */
  readonly libc?: RegExp;
  readonly fastOpen: boolean;
  /** Whether the kernel's TCP_INFO reaches the program. */
  readonly tcpInfo: boolean;
  readonly engine: "openssl" | "runtime";
}

/** What the program reported, and the packets that passed the link meanwhile. */
export interface Evidence {
  readonly about: About;
  readonly findings: readonly Finding[];
  readonly packets: readonly SeenPacket[];
}

/** A condition that must hold, and what was seen. */
export interface Check {
  readonly what: string;
  readonly holds: boolean;
  readonly seen: string;
}

/** A step, and what must hold after it. */
interface Expectation {
  readonly step: Step;
  readonly what: string;
  holds(finding: Finding, flow: Flow | undefined): boolean;
}

/** The steps in their order, and what must hold after each. */
function expectations(
  { fastOpen, tcpInfo, engine }: Expected,
  runtime: About["runtime"],
): Expectation[] {
  const able = engine === "openssl" ? features.openssl : features.runtime[runtime];
  const outcomeIs = ({ outcome, reason }: Finding, wanted: Finding["outcome"]) =>
    tcpInfo ? outcome === wanted : outcome === "unsupported" && reason !== undefined;
  const plainly = (flow: Flow | undefined) => flow?.syns[0]?.fastOpenOption === "none";
  const rides = (finding: Finding, flow: Flow | undefined) => {
    const { synBytes = 0 } = finding;
    return fastOpen
      ? outcomeIs(finding, "accepted") && synBytes > 0 && flow?.syns.length === 1 &&
        flow.syns[0]?.payload === synBytes && acknowledged(flow) === synBytes
      : finding.outcome === "unsupported" && finding.reason !== undefined && plainly(flow);
  };
  const secured = (finding: Finding) =>
    finding.engine === engine && finding.protocol === "TLSv1.3" && finding.received! > 0;
  const refusedWith = ({ error }: Finding, code: RegExp) =>
    error?.name === "TlsError" && code.test(error.code ?? "");
  return [
    {
      step: "plain",
      what: "connects without Fast Open",
      holds: ({ outcome, received = 0 }, flow) =>
        outcome === "disabled" && received > 0 && plainly(flow),
    },
    {
      step: "tcp",
      what: fastOpen ? "asks for a cookie" : "connects, and says why without Fast Open",
      holds: (finding, flow) =>
        fastOpen
          ? outcomeIs(finding, "cookie-requested") && finding.received! > 0 &&
            flow?.syns[0]?.fastOpenOption === "request"
          : rides(finding, flow) && finding.received! > 0,
    },
    {
      step: "tcp",
      what: fastOpen ? "sends its data in the SYN" : "does so again",
      holds: (finding, flow) => rides(finding, flow) && finding.received! > 0,
    },
    {
      step: "tls",
      what: fastOpen ? "sends its hello in the SYN" : "speaks TLS",
      holds: (finding, flow) => rides(finding, flow) && secured(finding) && !finding.resumed,
    },
    {
      step: "early-data",
      what: able.earlyData
        ? "resumes with early data"
        : able.resumption
        ? "resumes"
        : "comes again",
      holds: (finding, flow) =>
        rides(finding, flow) && secured(finding) && finding.resumed === able.resumption &&
        finding.earlyData === (able.earlyData ? "accepted" : "not-sent"),
    },
    {
      step: "wrong-name",
      what: "refuses a certificate for another name",
      holds: (finding) => refusedWith(finding, /^HOSTNAME_MISMATCH$/),
    },
    {
      step: "untrusted",
      what: "refuses a root that the runtime does not know",
      holds: (finding) => refusedWith(finding, /CERT|ISSUER/),
    },
    {
      step: "listen",
      what: engine === "openssl" ? "serves TLS" : "says that it can't serve TLS",
      holds: (finding) =>
        engine === "openssl"
          ? secured(finding) && finding.alpnProtocol === "http/1.1"
          : refusedWith(finding, /^ENGINE_UNAVAILABLE$/),
    },
    ...engine === "openssl"
      ? [
        {
          step: "taken",
          what: "says at once that an address is taken",
          holds: ({ error }: Finding) =>
            error?.name === "ConnectError" && error.errno === "EADDRINUSE",
        } as const,
      ]
      : [],
  ];
}

/** The steps that the program has to take. */
export function stepsFor(expected: Expected, runtime: About["runtime"]): Step[] {
  return expectations(expected, runtime).map(({ step }) => step);
}

/** Judges everything that one runtime reported and did. */
export function judge(expected: Expected, { about, findings, packets }: Evidence): Check[] {
  const flows = flowsIn(packets);
  return [
    ...judgePlace(expected, about),
    ...expectations(expected, about.runtime).map(({ what, holds }, index): Check => {
      const finding = findings[index];
      if (!finding) return { what, holds: false, seen: "it did not get that far" };
      const flow = flows.find(({ syns }) => syns[0]?.sourcePort === finding.localPort);
      return { what, holds: holds(finding, flow), seen: describe(finding, flow) };
    }),
  ];
}

function judgePlace(expected: Expected, about: About): Check[] {
  const { runtime, version: release, os, arch, libc, support } = about;
  const { client, mechanism, reason, openssl } = support;
  const version = "version" in openssl ? openssl.version : undefined;
  const check = (what: string, holds: boolean, ...seen: (string | undefined)[]): Check => ({
    what,
    holds,
    seen: seen.filter((each) => each !== undefined).join(", "),
  });
  return [
    check(
      "is imported",
      os === expected.os && arch === expected.arch,
      `${runtime} ${release}`,
      os,
      arch,
    ),
    ...(expected.libc ? [check("calls libc", expected.libc.test(libc ?? ""), libc)] : []),
    check(
      "knows of Fast Open",
      client === expected.fastOpen,
      mechanism,
      client ? undefined : reason,
    ),
    expected.engine === "openssl"
      ? check("calls libssl", version !== undefined, JSON.stringify(openssl))
      : check("does without libssl", version === undefined, JSON.stringify(openssl)),
  ];
}

/** Describes a step in one line. */
function describe(finding: Finding, flow: Flow | undefined): string {
  const { error, engine, protocol, resumed, earlyData, alpnProtocol, outcome, reason } = finding;
  if (error) return `${error.name} ${error.errno ?? error.code ?? error.message}`;
  const [syn] = flow?.syns ?? [];
  return [
    engine && `${engine} ${protocol}`,
    resumed && "resumed",
    earlyData && earlyData !== "not-sent" && `early data ${earlyData}`,
    alpnProtocol,
    `Fast Open ${outcome}${reason === undefined ? "" : ` (${reason})`}`,
    flow && syn && syn.fastOpenOption !== "none" &&
    `SYN ${syn.fastOpenOption} ${syn.payload}, acknowledged ${acknowledged(flow)}`,
    `received ${finding.received}`,
  ].filter((part) => typeof part === "string").join("; ");
}
