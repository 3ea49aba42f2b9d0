/**
 * Chooses the engine of a connection.
 *
 * @module
 */

import type {
  ClientConfig,
  ClientEngine,
  EngineName,
  EnginePeer,
  SessionFacts,
} from "./engine/contract.ts";
import { type EngineFeatures, featuresOf } from "./engine/features.ts";
import { runtimeClient } from "./engine/node_tls/client.ts";
import { opensslClient } from "./engine/openssl/client.ts";
import { openssl } from "./engine/openssl/library.ts";
import { describeSession } from "./engine/openssl/native_session.ts";
import { namePeer, TlsError } from "./errors.ts";
import { defaultSessions, type TlsClientSettings } from "./options.ts";
import { engineFallback, type TlsWarning } from "./warnings.ts";

/** An engine, and the warnings that the choice led to. */
export interface Chosen {
  readonly name: EngineName;
  readonly make: (config: ClientConfig) => ClientEngine;
  /** What a session promises; `undefined` when it is of no use for early data. */
  readonly describe: (session: Uint8Array) => SessionFacts | undefined;
  readonly warnings: readonly TlsWarning[];
}

/** Settings that may ask for something that not every engine can do. */
type Demanding = TlsClientSettings & { readonly earlyData?: unknown };

/**
 * Chooses OpenSSL where it loads, unless the settings ask for the runtime's own TLS.
 *
 * @throws {TlsError} `ENGINE_UNAVAILABLE` when OpenSSL is asked for by name and does not load,
 * `FEATURE_UNAVAILABLE` when the engine can't do what an option asks for and must not ignore it
 */
export function chooseEngine(settings: Demanding, peer: EnginePeer): Chosen {
  const { engine } = settings;
  return namePeer(peer, () => {
    if (engine === "runtime") return runtimeEngine(settings);
    try {
      openssl();
      return { name: "openssl", make: opensslClient, describe: describeSession, warnings: [] };
    } catch (error) {
      const unavailable = error instanceof TlsError && error.code === "ENGINE_UNAVAILABLE";
      if (engine === "openssl" || !unavailable) throw error;
      return runtimeEngine(settings, error);
    }
  });
}

/** The runtime's own TLS. `unavailable` is why OpenSSL can't be used, if it was tried. */
function runtimeEngine(settings: Demanding, unavailable?: TlsError): Chosen {
  const lost = findDemands(settings).filter(({ feature }) => !featuresOf("runtime")[feature]);
  const missed = lost.find(({ weight }) => {
    return weight === "must be met" || (weight === "asked for" && !unavailable);
  });
  if (missed) throw featureUnavailable(missed.option, unavailable);
  return {
    name: "runtime",
    make: runtimeClient,
    describe: () => undefined, // It has no early data.
    warnings: unavailable ? [engineFallback(unavailable, lost.map(({ words }) => words))] : [],
  };
}

/** `unavailable` is why OpenSSL can't be used; by default OpenSSL is loaded to find out. */
export function featureUnavailable(option: string, unavailable = whyNotOpenssl()): TlsError {
  const remedy = unavailable?.message ?? 'leave out engine: "runtime", for OpenSSL can';
  return new TlsError(
    "FEATURE_UNAVAILABLE",
    `Option "${option}" asks for what the runtime's own TLS can't do here; ${remedy}`,
    unavailable ? { cause: unavailable } : {},
  );
}

function whyNotOpenssl(): TlsError | undefined {
  try {
    openssl();
    return undefined;
  } catch (error) {
    return error as TlsError;
  }
}

/** One thing that settings ask of an engine. */
interface Demand {
  readonly feature: keyof EngineFeatures;
  readonly option: keyof Demanding;
  readonly words: string;
  /** Without a feature that is only `"asked for"` a connection takes longer, or has no key log. */
  readonly weight: "by default" | "asked for" | "must be met";
}

/** Finds everything that the settings ask of an engine. */
function findDemands(settings: Demanding): Demand[] {
  const { earlyData, sessions, keyLog, groups, postHandshakeAuth } = settings;
  const demands: Demand[] = [];
  const demand = (
    option: Demand["option"],
    feature: Demand["feature"],
    words: string,
    weight: Demand["weight"] = "asked for",
  ) => demands.push({ option, feature, words, weight });
  if (earlyData !== undefined) demand("earlyData", "earlyData", "early data");
  if (sessions === defaultSessions) demand("sessions", "resumption", "resumption", "by default");
  else if (sessions !== false) demand("sessions", "resumption", "resumption");
  if (keyLog !== undefined) demand("keyLog", "keyLog", "a key log");
  if (typeof groups !== "string") demand("groups", "groups", "its groups", "must be met");
  if (postHandshakeAuth) {
    demand("postHandshakeAuth", "postHandshakeAuth", "a late certificate", "must be met");
  }
  return demands;
}
