/**
 * From where to where bytes are forwarded, and how; read from options.
 *
 * @module
 */

import { Duplex } from "node:stream";
import {
  type EarlyDataRule,
  safe,
  startTls,
  type TlsClientOptions,
  type TlsSocketOptions,
} from "../../mod.ts";
import { nearest } from "../../base/nearest.ts";
import { failureOf } from "../failure.ts";
import { readTarget, type Target } from "../target.ts";
import { readList, readTlsOptions, tlsOptions } from "../tls_options.ts";
import { type OptionSpecs, type OptionValues, UsageError } from "../usage.ts";
import { AllowList } from "./allow_list.ts";
import { type Place, readPlace } from "./place.ts";

/** The options of one route. A file of targets has them, too. */
export const routeOptions = {
  "early-data": {
    type: "string",
    value: "RULE",
    help: "what a client writes first may be early data if it is a request that may be repeated: " +
      "http1, http2, or http for either",
  },
  "dangerous-early-data": {
    type: "boolean",
    help: "whatever a client writes first is early data; anybody on the way can replay it",
  },
  alpn: { type: "string", value: "LIST", help: "offer these protocols, as in h2 or http/1.1" },
  ...tlsOptions,
  plain: {
    type: "boolean",
    help:
      "open TCP alone, for clients that speak TLS themselves; their ClientHello rides in the SYN",
  },
  connect: {
    type: "boolean",
    help: "be an HTTP proxy that knows CONNECT, in the place of a TARGET; needs --allow",
  },
  allow: {
    type: "string",
    multiple: true,
    value: "HOST[:PORT]",
    help: "a target that --connect may open, or *.DOMAIN[:PORT]; may be repeated",
  },
  "no-fast-open": { type: "boolean", help: "open plain TCP connections" },
} as const satisfies OptionSpecs;

/** A route. */
export interface Route {
  readonly place: Place;
  /** Where to; or the targets that clients may ask for by CONNECT. */
  readonly target: Target | AllowList;
  readonly dial: Pick<TlsSocketOptions, "fastOpen" | "connectTimeout">;
  /** Absent where the client speaks TLS itself. */
  readonly tls: TlsSocketOptions | undefined;
}

type RouteValues = OptionValues<typeof routeOptions>;

const rules: Readonly<Record<string, EarlyDataRule>> = {
  http1: safe.http1,
  http2: safe.http2,
  http: safe.http,
};

/** The options that mean something only where a TLS connection is made. */
const ofTls = [...Object.keys(tlsOptions), "early-data", "dangerous-early-data", "alpn"]
  .filter((name) => name !== "timeout") as (keyof RouteValues)[];

/**
 * Reads a route. Files are read, and what is in them is checked, before anybody connects.
 *
 * @throws {UsageError} with the option that is wrong
 */
export async function readRoute(
  values: RouteValues,
  listen: string,
  target: string | undefined,
): Promise<Route> {
  const place = readPlace(listen);
  const to = readDestination(values, target);
  if (values.plain || values.connect) {
    const wrong = ofTls.find((name) => values[name] !== undefined);
    if (wrong !== undefined) {
      const which = values.connect ? "--connect" : "--plain";
      throw new UsageError(
        `Options --${wrong} and ${which} contradict each other: the client speaks TLS itself`,
      );
    }
  }
  const { connectTimeout, ...common } = await readTlsOptions(values);
  const dial = {
    fastOpen: !values["no-fast-open"],
    ...(connectTimeout === undefined ? {} : { connectTimeout }),
  };
  if (to instanceof AllowList || values.plain) return { place, target: to, dial, tls: undefined };
  const { alpn } = values;
  const tls = { ...common, ...(alpn === undefined ? {} : { alpnProtocols: readList(alpn) }) };
  await checkTlsOptions(tls, to);
  const earlyData = readRule(values);
  return { place, target: to, dial, tls: { ...tls, ...(earlyData ? { earlyData } : {}) } };
}

function readDestination(values: RouteValues, target: string | undefined): Target | AllowList {
  const { connect = false, allow } = values;
  if (!connect) {
    if (allow) throw new UsageError("Option --allow belongs to option --connect");
    if (target === undefined) throw new UsageError("TARGET is missing");
    return readTarget(target);
  }
  if (target !== undefined) {
    throw new UsageError(`With option --connect the client names the target, got "${target}"`);
  }
  if (values.plain) throw new UsageError("Option --connect implies option --plain");
  if (!allow) {
    throw new UsageError("Option --connect needs option --allow, else anybody gets anywhere");
  }
  return new AllowList(allow);
}

function readRule(
  { "early-data": name, "dangerous-early-data": everything = false }: RouteValues,
): TlsSocketOptions["earlyData"] {
  if (name !== undefined && everything) {
    throw new UsageError("Options --early-data and --dangerous-early-data contradict each other");
  }
  if (name === undefined) return everything ? "first-write" : undefined;
  const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
  if (rule) return rule;
  const names = Object.keys(rules);
  const near = nearest(name, names);
  const meant = near === undefined ? "" : `; did you mean ${near}?`;
  throw new UsageError(
    `Option --early-data must be one of ${names.join(", ")}, got "${name}"${meant}`,
  );
}

/**
 * Makes a ClientHello with the options, for nobody: what is wrong with a certificate or a key is to be known
 * before a client comes.
 */
async function checkTlsOptions(options: TlsClientOptions, target: Target): Promise<void> {
  const done = new AbortController();
  const hello = Promise.withResolvers<void>();
  const nobody = new Duplex({
    read() {},
    write(_chunk, _encoding, written) {
      written();
      hello.resolve();
    },
  });
  const starting = startTls(nobody, {
    ...options,
    ...target,
    sessions: false,
    signal: done.signal,
  });
  try {
    await Promise.race([hello.promise, starting]);
  } catch (error) {
    throw new UsageError(failureOf(error).message);
  } finally {
    done.abort();
    await starting.catch(() => {});
  }
}
