/**
 * `firstflight forward`: plain connections of this machine in, TLS connections out whose first flight rides in
 * the SYN. So programs have it that know nothing of this library.
 *
 * @module
 */

import type { Command } from "./command.ts";
import { failureOf, reportFailure } from "./failure.ts";
import { AllowList } from "./forward/allow_list.ts";
import { Service } from "./forward/client.ts";
import { Clients } from "./forward/clients.ts";
import { Listeners } from "./forward/listeners.ts";
import { Log } from "./forward/log.ts";
import { formatPlace, isOfThisMachine } from "./forward/place.ts";
import { readRoute, type Route, routeOptions } from "./forward/route.ts";
import { listenToSignals } from "./forward/signals.ts";
import { readTargetsFile } from "./forward/targets_file.ts";
import { aboutStore, openStore, storeOptions } from "./session_store.ts";
import { formatTarget } from "./target.ts";
import {
  exitCodes,
  type OptionSpecs,
  type OptionValues,
  readArguments,
  readNumber,
  UsageError,
} from "./usage.ts";

const options = {
  targets: { type: "string", value: "FILE", help: "forward to many targets: see docs/forward.md" },
  ...routeOptions,
  "unsafely-listen-anywhere": {
    type: "boolean",
    help: "let other machines connect; whoever can connect is as trusted as this machine",
  },
  ...storeOptions,
  "max-connections": { type: "string", value: "N", help: "refuse further ones (1024)" },
  grace: {
    type: "string",
    value: "SECONDS",
    help: "how long connections may go on after SIGTERM or SIGINT (10)",
  },
  verbose: { type: "boolean", help: "print a line about each connection that has ended" },
  json: { type: "boolean", help: "print everything as lines of JSON" },
} as const satisfies OptionSpecs;

type Values = OptionValues<typeof options>;

const MOST_CONNECTIONS = 1024;
const GRACE = 10;

/** Tickets kept for a target: about as many as connections to it may begin at the same time. */
const TICKETS = 64;

/** The command. */
export const forwardCommand: Command = {
  name: "forward",
  summary: "let programs that know nothing of this use it, by a local port or a unix socket",
  examples: [
    ["127.0.0.1:8080 api.example.com:443", "plain bytes in, TLS over Fast Open out"],
    ["--early-data http1 unix:/run/api.sock api.example.com", "GETs ride in the SYN, too"],
    ["--targets forward.json", "many targets; SIGHUP reads the file again"],
    ["--connect --allow '*.example.com' 127.0.0.1:3128", "a proxy for programs that speak TLS"],
  ],
  usage: "[OPTIONS] LISTEN TARGET | --targets FILE | --connect --allow HOST[:PORT] LISTEN",
  options,
  about: [
    "LISTEN is PORT, ADDRESS:PORT or unix:PATH, and TARGET is HOST[:PORT]. A port alone is one of " +
    "127.0.0.1. Whoever can connect to LISTEN speaks to the target as this program does, with its client " +
    "certificate; a unix socket is for this user alone.",
    "Early data can be replayed by anybody on the way. With --early-data a request rides early only if " +
    "its bytes say that it may be repeated: a GET does, a POST never.",
    "With --connect and with --plain the client speaks TLS itself, end to end, and its ClientHello rides " +
    "in the SYN.",
    "SIGHUP reads the certificates and the file of targets again, and keeps what was there if something " +
    "is wrong. SIGTERM and SIGINT stop listening and let connections finish; a second one ends at once.",
    aboutStore,
  ],
  run,
};

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(args, options);
  const json = values.json ?? false;
  const most = readCount(values, "max-connections", { from: 1, to: 1_000_000 }, MOST_CONNECTIONS);
  const grace = readCount(values, "grace", { from: 0, to: 86_400 }, GRACE);
  const routes = await readRoutes(values, positionals);
  const log = new Log({ json, verbose: values.verbose ?? false });
  const service = new Service(await openStore(values, json, { perKey: TICKETS }), log);
  const clients = new Clients(service, log, most);
  const listeners = new Listeners({
    client: (near, route, place) => clients.add(near, route, place),
    warn: (warning) => log.warn(warning),
  });
  using signals = listenToSignals(() => reload(listeners, log, values, positionals));
  try {
    await follow(listeners, log, routes);
    await signals.first;
  } catch (error) {
    return await reportFailure(error, json);
  } finally {
    listeners.close();
  }
  const wasHurried = await clients.finish(grace, signals.second);
  await log.summary();
  return wasHurried ? exitCodes.interrupted : exitCodes.ok;
}

/** Listens for the routes, and says where. */
async function follow(listeners: Listeners, log: Log, routes: readonly Route[]): Promise<void> {
  for (const { place, route: { target } } of await listeners.follow(routes)) {
    const what = target instanceof AllowList ? "what CONNECT asks for" : formatTarget(target);
    await log.listening(place, what);
  }
}

/** Reads the routes again. If they are wrong, or can't be listened for, those that are there stay. */
async function reload(
  listeners: Listeners,
  log: Log,
  values: Values,
  positionals: readonly string[],
): Promise<void> {
  try {
    const routes = await readRoutes(values, positionals);
    await follow(listeners, log, routes);
    log.reloaded(routes.length);
  } catch (error) {
    const { message } = error instanceof UsageError ? error : failureOf(error);
    log.warn({ code: "NOT_RELOADED", message: `What was there stays in force: ${message}` });
  }
}

async function readRoutes(values: Values, positionals: readonly string[]): Promise<Route[]> {
  const routes = values.targets === undefined
    ? [await readOnlyRoute(values, positionals)]
    : await readFileAlone(values.targets, values, positionals);
  const open = routes.find(({ place }) => !isOfThisMachine(place));
  if (open && !values["unsafely-listen-anywhere"]) {
    throw new UsageError(
      `Other machines could connect to ${
        formatPlace(open.place)
      }; listen at 127.0.0.1 or at a unix socket, ` +
        "or pass --unsafely-listen-anywhere",
    );
  }
  return routes;
}

async function readOnlyRoute(values: Values, positionals: readonly string[]): Promise<Route> {
  const [listen, target, more] = positionals;
  if (listen === undefined) throw new UsageError("LISTEN is missing");
  if (more !== undefined) throw new UsageError(`Expected nothing after TARGET, got "${more}"`);
  return await readRoute(values, listen, target);
}

async function readFileAlone(
  file: string,
  values: Values,
  [first]: readonly string[],
): Promise<Route[]> {
  if (first !== undefined) {
    throw new UsageError(`With option --targets the file names everything, got "${first}"`);
  }
  const beside = Object.keys(routeOptions).find((name) =>
    values[name as keyof Values] !== undefined
  );
  if (beside !== undefined) {
    throw new UsageError(`Option --${beside} belongs into the file that --targets names`);
  }
  return await readTargetsFile(file);
}

function readCount(
  values: Values,
  option: "max-connections" | "grace",
  range: { readonly from: number; readonly to: number },
  otherwise: number,
): number {
  const text = values[option];
  return text === undefined ? otherwise : readNumber(option, text, range);
}
