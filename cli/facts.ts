/**
 * The facts of a connection after its handshake, for people and for programs.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import { isIPv6 } from "node:net";
import type { FastOpenResult, TlsConn, TlsTiming } from "../mod.ts";
import { describeFastOpen } from "./outcome.ts";
import type { Paint } from "./style.ts";
import { formatTarget, type Target } from "./target.ts";
import { formatMs } from "./text.ts";

/** The peer's certificate. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** The names that it is valid for. */
  readonly names: readonly string[];
  /** ISO 8601. */
  readonly expires: string;
  readonly daysLeft: number;
  readonly sha256: string;
}

/** The facts of one connection, as `--json` prints them. */
export interface Facts {
  readonly host: string;
  readonly port: number;
  readonly address: string;
  readonly protocol: string;
  readonly cipher: string;
  readonly group: string | null;
  readonly alpn: string | null;
  readonly resumed: boolean;
  readonly earlyData: string;
  readonly fastOpen: FastOpenResult;
  readonly timing: TlsTiming;
  readonly certificate: CertificateFacts | null;
  readonly engine: string;
}

/** Collects the facts. */
export function factsOf(conn: TlsConn, { hostname, port }: Target): Facts {
  const der = conn.peerCertificate;
  return {
    host: hostname,
    port,
    address: conn.remoteAddr.hostname,
    protocol: conn.protocol,
    cipher: conn.cipher,
    group: conn.group ?? null,
    alpn: conn.alpnProtocol,
    resumed: conn.resumed,
    earlyData: conn.earlyData,
    fastOpen: conn.fastOpen,
    timing: conn.timing,
    certificate: der ? certificateFacts(der) : null,
    engine: conn.engine,
  };
}

const DAY = 86_400_000;

function certificateFacts(der: Uint8Array): CertificateFacts {
  const certificate = new X509Certificate(der);
  const expires = new Date(certificate.validTo);
  return {
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    names: (certificate.subjectAltName ?? "").split(", ").filter((name) => name !== "")
      .map(nameOf),
    expires: expires.toISOString(),
    daysLeft: Math.floor((expires.getTime() - Date.now()) / DAY),
    sha256: certificate.fingerprint256,
  };
}

/**
 * The name in `DNS:example.com`, or the address in `IP Address:…`. IPv6 addresses are shortened.
 */
function nameOf(alternative: string): string {
  const name = alternative.replace(/^(DNS|IP Address):/, "");
  return isIPv6(name) ? new URL(`https://[${name}]`).hostname.slice(1, -1) : name;
}

/** Runtimes put each part of a name on its own line. */
function oneLine(name: string): string {
  return name.split("\n").filter((part) => part !== "").join(", ");
}

/** An expiry in fewer days is shown in yellow. */
const SOON = 14;

/** The facts as lines for people. */
export function describeFacts(facts: Facts, paint: Paint): string {
  const { certificate, timing, fastOpen } = facts;
  const { lookup, open, firstByte, secure } = timing;
  const rows: (readonly [string, string])[] = [
    ["protocol", [facts.protocol, facts.cipher, facts.group].filter(Boolean).join(", ")],
    ["alpn", facts.alpn ?? "none"],
    ["session", facts.resumed ? "resumed" : "new"],
    ["fast open", paint(styleOf(fastOpen), describeFastOpen(fastOpen))],
    ["early data", describeEarlyData(facts.earlyData)],
  ];
  if (certificate) {
    const { subject, issuer, names, expires, daysLeft } = certificate;
    const until = `until ${expires.slice(0, 10)}, ${daysLeft} days left`;
    rows.push(
      ["certificate", subject + (names.length > 0 ? ` (${some(names)})` : "")],
      ["issued by", issuer],
      ["valid", daysLeft < SOON ? paint("yellow", until) : until],
    );
  }
  if (fastOpen.rtt !== undefined) rows.push(["round trip", formatMs(fastOpen.rtt)]);
  const times = [["lookup", lookup], ["SYN", open], ["first byte", firstByte], ["secure", secure]];
  rows.push(["timing", times.map(([name, at]) => `${name} ${formatMs(Number(at))}`).join(", ")]);
  const place = formatTarget({ hostname: facts.address, port: facts.port });
  return [
    paint("bold", `Connected to ${facts.host} at ${place}`),
    ...rows.map(([name, value]) => `  ${paint("dim", name.padEnd(11))}  ${value}`),
  ].join("\n");
}

function styleOf({ outcome }: FastOpenResult): "green" | "yellow" {
  return outcome === "accepted" ? "green" : "yellow";
}

function describeEarlyData(status: string): string {
  switch (status) {
    case "accepted":
      return "accepted";
    case "rejected":
      return "rejected by the server; sent again after the handshake";
    default:
      return "not sent";
  }
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
