/**
 * `firstflight get`: a small counterpart of curl.
 *
 * @module
 */

import process from "node:process";
import type { AgentOptions } from "../adapters/agent.ts";
import { safe } from "../mod.ts";
import type { Command } from "./command.ts";
import { CommandError, reportFailure } from "./failure.ts";
import { describe, describeSummary, type GetFacts, summaryOf } from "./get/facts.ts";
import { follow } from "./get/follow.ts";
import { Agents } from "./get/agents.ts";
import { readRequest, requestOptions } from "./get/request.ts";
import { nowhere, openSink } from "./get/sink.ts";
import { print, toJson } from "./output.ts";
import { aboutStore, openStore, storeOptions } from "./session_store.ts";
import { readTlsOptions, tlsOptions } from "./tls_options.ts";
import { readUrl, shown } from "./url.ts";
import {
  exitCodes,
  onlyPositional,
  type OptionSpecs,
  type OptionValues,
  readArguments,
  readNumber,
  UsageError,
} from "./usage.ts";
import { Warnings } from "./warnings.ts";

const options = {
  ...requestOptions,
  location: { type: "boolean", help: "follow redirects, ten at most" },
  include: { type: "boolean", help: "print the head of the answer, too" },
  output: { type: "string", value: "FILE", help: "write to this file, not to standard output" },
  fail: { type: "boolean", help: "take a status of 400 or more for a failure, and print no body" },
  repeat: { type: "string", value: "N", help: "ask N times, one after another (1)" },
  "keep-alive": { type: "boolean", help: "use a connection again for the next request" },
  "max-time": { type: "string", value: "SECONDS", help: "give up a request after this time" },
  ...tlsOptions,
  ...storeOptions,
  "no-fast-open": { type: "boolean", help: "open plain TCP connections" },
  "no-early-data": { type: "boolean", help: "send no request before the handshake is over" },
  json: { type: "boolean", help: "print the facts of each request, or the error, as JSON" },
  quiet: { type: "boolean", help: "print no facts" },
} as const satisfies OptionSpecs;

const MOST_REPEATS = 10_000;
/** The largest delay that timers take, in seconds. */
const LONGEST = 2_147_483;

/** The command. */
export const getCommand: Command = {
  name: "get",
  summary: "fetch a URL: a small curl whose request rides in the SYN from the second run on",
  examples: [
    ["https://example.com/", "the body to standard output, the facts to stderr"],
    ["--repeat 5 --output page.html https://example.com/", "how much it saves"],
    ["--location --compressed --quiet https://example.com/", "as a browser asks"],
    ['--header "Authorization: Bearer …" --data @order.json URL', "a POST, which is never early"],
    ["--ca ca.pem https://localhost:8443/", "a server with roots of its own"],
  ],
  usage: "[OPTIONS] URL",
  options,
  about: [
    "Once there is a ticket of an earlier run, a request that may be repeated (GET, HEAD, OPTIONS, " +
    "TRACE, without a body) is early data. These can be replayed by anybody on the way: where a GET " +
    "changes something, pass --no-early-data. All other requests wait for the handshake.",
    "A body that is cut off is a failure, and so is one that is not what its encoding says. Redirects " +
    "to another server get neither your certificate nor any field that may hold a secret, and none to " +
    "http:// is followed. Name and password in the URL are sent as basic authentication and never " +
    "printed. With --data the type is application/x-www-form-urlencoded unless --header says otherwise.",
    "With --repeat each request has a connection of its own, unless --keep-alive is given, and only " +
    "the first answer is written. The time to the first byte is counted from the end of the look-up, as round trips are. " +
    "HTTP is 1.1; proxies and cookies are not known.",
    aboutStore,
  ],
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(args, options);
  const url = readUrl(onlyPositional(positionals, "URL"));
  const { json = false, quiet = false } = values;
  const repeat = values.repeat === undefined
    ? 1
    : readNumber("repeat", values.repeat, { from: 1, to: MOST_REPEATS });
  const maxTime = readSeconds(values["max-time"] ?? String(LONGEST));
  const connection = await readConnection(values);
  const wanted = await readRequest(url, values);
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort();
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  const sessions = await openStore(values, json);
  const warnings = new Warnings(json);
  const sink = openSink(values.output);
  const answered: GetFacts[] = [];
  let agents: Agents | undefined;
  try {
    agents = new Agents({ ...connection, sessions });
    for (let turn = 0; turn < repeat; turn++) {
      const deadline = AbortSignal.timeout(maxTime);
      const signal = AbortSignal.any([interrupt.signal, deadline]);
      const following = follow(wanted, {
        agents,
        signal,
        sink: turn === 0 ? sink : nowhere,
        redirects: values.location ?? false,
        keepsAlive: values["keep-alive"] ?? false,
        heads: (values.include ?? false) || (values.head ?? false),
        decodes: values.compressed ?? false,
        fails: values.fail ?? false,
        async onAnswer(facts, socket) {
          if (!quiet) await print(process.stderr, json ? toJson(facts) : describe(facts));
          await warnings.say(socket.warnings);
        },
      });
      const facts = await unlessAborted(following, signal, () => {
        const message = `${shown(url)} gave no whole answer within ${values["max-time"]} seconds`;
        return new CommandError("TIMED_OUT", message);
      });
      if (!facts) return exitCodes.ok;
      answered.push(facts);
    }
    await sink.close();
    if (repeat > 1 && !quiet) {
      const summary = summaryOf(answered);
      await print(process.stderr, json ? toJson({ summary }) : describeSummary(summary));
    }
    return exitCodes.ok;
  } catch (error) {
    if (interrupt.signal.aborted) return exitCodes.interrupted;
    return await reportFailure(error, json);
  } finally {
    agents?.destroy();
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

async function readConnection(values: OptionValues<typeof options>): Promise<AgentOptions> {
  return {
    ...await readTlsOptions(values),
    fastOpen: !values["no-fast-open"],
    ...(values["no-early-data"] ? {} : { earlyData: safe.http1 }),
  };
}

/** Milliseconds from an option in seconds. */
function readSeconds(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (seconds > 0 && seconds <= LONGEST) return Math.ceil(seconds * 1000);
  throw new UsageError(`Option --max-time must be seconds up to ${LONGEST}, got "${text}"`);
}

/** What `task` resolves to; a task that waits for something else must not outlive its signal. */
async function unlessAborted<T>(
  task: Promise<T>,
  signal: AbortSignal,
  failure: () => Error,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(failure());
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([task, promise]);
  } catch (error) {
    throw signal.aborted ? failure() : error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
