/**
 * `firstflight connect`: a small counterpart of `openssl s_client`.
 *
 * @module
 */

import process from "node:process";
import { connectTls, type ConnectTlsOptions, type SessionStore, type TlsConn } from "../mod.ts";
import { runtime } from "../runtimes/mod.ts";
import type { Command } from "./command.ts";
import { describeFacts, factsOf } from "./facts.ts";
import { reportFailure } from "./failure.ts";
import { print, toJson } from "./output.ts";
import { aboutStore, openStore, storeOptions } from "./session_store.ts";
import { painter, wantsColor } from "./style.ts";
import { talk } from "./talk.ts";
import { readTarget, type Target } from "./target.ts";
import { Tickets } from "./tickets.ts";
import { readBytes, readList, readTlsOptions, tlsOptions } from "./tls_options.ts";
import {
  exitCodes,
  onlyPositional,
  type OptionSpecs,
  type OptionValues,
  readArguments,
  UsageError,
} from "./usage.ts";
import { Warnings } from "./warnings.ts";

const options = {
  alpn: { type: "string", value: "LIST", help: "offer these protocols, as in h2,http/1.1" },
  ...tlsOptions,
  "early-data": {
    type: "string",
    value: "FILE",
    help: "send this file first: with the ClientHello where a session allows, else after the " +
      "handshake",
  },
  "half-close": {
    type: "boolean",
    help: "end the sending side where standard input ends; a server may drop its answer then",
  },
  "warm-up": {
    type: "boolean",
    help: "connect twice: once for the Fast Open cookie and a session, then in earnest",
  },
  ...storeOptions,
  "no-fast-open": { type: "boolean", help: "open a plain TCP connection" },
  json: {
    type: "boolean",
    help: "print the facts, or the error, and each warning as a line of JSON",
  },
} as const satisfies OptionSpecs;

/** Milliseconds to wait for a session once the handshake is complete. */
const TICKET_PATIENCE = 1_000;

/** The command. */
export const connectCommand: Command = {
  name: "connect",
  summary: "talk to a TLS server and see how the connection came about",
  examples: [
    ["example.com", "type to the server; the facts of the connection go to stderr"],
    ["--early-data request.txt example.com", "from the second run on the request rides in the SYN"],
    ["--warm-up --early-data request.txt example.com", "from the first run on"],
    ["--alpn h2,http/1.1 --json [::1]:8443", "the facts as JSON"],
    ["--ca ca.pem --servername localhost 127.0.0.1:8443", "a server with roots of its own"],
  ],
  usage: "[OPTIONS] HOST[:PORT]",
  options,
  about: [
    "Standard input goes to the server, and the server's answer to standard output. The command ends " +
    "when the server has finished, or when it is interrupted; the end of the input alone does not end " +
    "it, unless nothing was sent. The port is 443 unless given; an IPv6 address with a port stands in " +
    "brackets.",
    "Early data can be replayed by anybody on the way: send only what may be repeated.",
    aboutStore,
  ],
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(args, options);
  const target = readTarget(onlyPositional(positionals, "HOST[:PORT]"));
  const json = values.json ?? false;
  const request = await readRequest(values);
  const sessions = await openStore(values, json);
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort();
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  const { signal } = interrupt;
  try {
    const connection = { ...request, ...target, sessions, signal };
    if (values["warm-up"]) await warmUp(connection);
    const conn = await connectTls(connection);
    const warnings = new Warnings(json);
    await warnings.say(conn.warnings);
    await report(conn, target, json);
    await talk(conn, {
      signal,
      halfClose: values["half-close"] ?? false,
      hasSpoken: request.earlyData !== undefined,
    });
    await warnings.say(conn.warnings); // The store may have failed since.
    return signal.aborted ? exitCodes.interrupted : exitCodes.ok;
  } catch (error) {
    if (signal.aborted) return exitCodes.interrupted;
    return await reportFailure(error, json);
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
    ...(alpn !== undefined ? { alpnProtocols: readList(alpn) } : {}),
    ...(earlyData !== undefined ? { earlyData: await readBytes("early-data", earlyData) } : {}),
  };
}

/** Fetches the cookie and a new session, even where the store has sessions. */
async function warmUp(
  { sessions, earlyData: _, ...connection }: ConnectTlsOptions & { sessions: SessionStore },
): Promise<void> {
  const tickets = new Tickets();
  const conn = await connectTls({ ...connection, sessions: tickets });
  if (tickets.size === 0) await tickets.arrival(TICKET_PATIENCE);
  conn.close();
  await tickets.leaveTo(sessions);
}

async function report(conn: TlsConn, target: Target, json: boolean): Promise<void> {
  const facts = factsOf(conn, target);
  if (json) return await print(process.stderr, toJson(facts));
  const paint = painter(wantsColor(process.stderr, runtime.env));
  await print(process.stderr, describeFacts(facts, paint));
}
