/**
 * `firstflight connect`: a small s_client.
 *
 * @module
 */

import process from "node:process";
import { connectTls, type ConnectTlsOptions, type TlsConn } from "../mod.ts";
import { runtime } from "../runtimes/mod.ts";
import type { Command } from "./command.ts";
import { describeFacts, factsOf } from "./facts.ts";
import { reportFailure } from "./failure.ts";
import { print, toJson } from "./output.ts";
import { painter, wantsColor } from "./style.ts";
import { talk } from "./talk.ts";
import { readTarget, type Target } from "./target.ts";
import { Tickets } from "./tickets.ts";
import { readBytes, readTlsOptions, tlsOptions } from "./tls_options.ts";
import {
  exitCodes,
  onlyPositional,
  type OptionSpecs,
  type OptionValues,
  readArguments,
  UsageError,
} from "./usage.ts";

const options = {
  alpn: { type: "string", value: "LIST", help: "offer these protocols, as in h2,http/1.1" },
  ...tlsOptions,
  "early-data": {
    type: "string",
    value: "FILE",
    help: "send this file first: with the ClientHello where a session allows, else after the " +
      "handshake",
  },
  "warm-up": {
    type: "boolean",
    help: "connect twice: once for the Fast Open cookie and a session, then in earnest",
  },
  "no-fast-open": { type: "boolean", help: "open a plain TCP connection" },
  json: { type: "boolean", help: "print the facts, or the error, as one line of JSON" },
} as const satisfies OptionSpecs;

/** Milliseconds to wait for a session once the handshake is complete. */
const TICKET_PATIENCE = 1_000;

/** The command. */
export const connectCommand: Command = {
  name: "connect",
  summary: "talk to a TLS server and see how the connection came about",
  examples: [
    ["example.com", "type to the server; the facts of the connection go to stderr"],
    ["--warm-up example.com < request.txt", "with cookie and session, as a second visit is"],
    ["--warm-up --early-data request.txt example.com", "the request rides in the SYN"],
    ["--alpn h2,http/1.1 --json [::1]:8443", "the facts as JSON"],
    ["--ca ca.pem --servername localhost 127.0.0.1:8443", "a server with roots of its own"],
  ],
  usage: "[OPTIONS] HOST[:PORT]",
  options,
  about: [
    "Standard input goes to the server, what it answers to standard output. The end of the input " +
    "ends the sending side alone: the answer is read to its end. The port is 443 unless given; an " +
    "IPv6 address with a port stands in brackets.",
    "Early data can be replayed by anybody on the way: send only what may be repeated.",
  ],
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(args, options);
  const target = readTarget(onlyPositional(positionals, "HOST[:PORT]"));
  const request = await readRequest(values);
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort();
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  const { signal } = interrupt;
  try {
    const conn = await open({ ...request, ...target, signal }, values["warm-up"] ?? false);
    await report(conn, target, values.json ?? false);
    await talk(conn, signal);
    return signal.aborted ? exitCodes.interrupted : exitCodes.ok;
  } catch (error) {
    if (signal.aborted) return exitCodes.interrupted;
    return await reportFailure(error, values.json ?? false);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

async function readRequest(
  values: OptionValues<typeof options>,
): Promise<Partial<ConnectTlsOptions>> {
  const { alpn, "early-data": earlyData } = values;
  if (earlyData === "-") {
    throw new UsageError("Option --early-data needs a file: standard input is the conversation");
  }
  return {
    ...await readTlsOptions(values),
    fastOpen: !values["no-fast-open"],
    ...(alpn !== undefined ? { alpnProtocols: alpn.split(",").map((name) => name.trim()) } : {}),
    ...(earlyData !== undefined ? { earlyData: await readBytes("early-data", earlyData) } : {}),
  };
}

async function open(request: ConnectTlsOptions, warmUp: boolean): Promise<TlsConn> {
  if (!warmUp) return await connectTls(request);
  const sessions = new Tickets();
  const { earlyData: _, ...first } = request;
  const conn = await connectTls({ ...first, sessions });
  if (sessions.size === 0) await sessions.arrival(TICKET_PATIENCE);
  conn.close();
  return await connectTls({ ...request, sessions });
}

async function report(conn: TlsConn, target: Target, json: boolean): Promise<void> {
  const facts = factsOf(conn, target);
  if (json) return await print(process.stderr, toJson(facts));
  const paint = painter(wantsColor(process.stderr, runtime.env));
  await print(process.stderr, describeFacts(facts, paint));
}
