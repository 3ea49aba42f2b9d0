/**
 * Which engine a connection gets.
 *
 * @module
 */

import { type Demanding, demandsOf } from "./demands.ts";
import type { ClientConfig, Engine, EngineName, ServerConfig } from "./engine.ts";
import { naming, TlsError } from "./errors.ts";
import { featuresOf } from "./features.ts";
import { opensslClient } from "./openssl/client.ts";
import { openssl } from "./openssl/library.ts";
import { opensslServer, type ServerEngines } from "./openssl/server.ts";
import type { TlsClientOptions } from "./options.ts";
import { runtimeClient } from "./runtime/client.ts";
import { engineFallback, type TlsWarning } from "./warnings.ts";

/** An engine, and what its owner should know about the choice. */
export interface Chosen {
  readonly name: EngineName;
  readonly make: (config: ClientConfig) => Engine;
  readonly warnings: readonly TlsWarning[];
}

/**
 * OpenSSL where it loads, unless the other one is asked for.
 *
 * @throws {TlsError} `ENGINE_UNAVAILABLE` when OpenSSL is asked for by name and does not load,
 * `FEATURE_UNAVAILABLE` when an option can't be had and would be missed
 */
export function chooseEngine(
  options: Demanding,
  peer: { readonly hostname: string; readonly port: number },
): Chosen {
  const { engine = "auto" } = options;
  return naming(peer, () => {
    if (engine === "runtime") return runtimeEngine(options);
    try {
      openssl();
      return { name: "openssl", make: opensslClient, warnings: [] };
    } catch (error) {
      const unavailable = error instanceof TlsError && error.code === "ENGINE_UNAVAILABLE";
      if (engine === "openssl" || !unavailable) throw error;
      return runtimeEngine(options, error);
    }
  });
}

/**
 * A listener's engines, which are OpenSSL's.
 *
 * @throws {TlsError} `FEATURE_UNAVAILABLE` when the other engine is asked for; see `opensslServer`
 */
export function serverEngines(
  engine: TlsClientOptions["engine"],
  config: ServerConfig,
): ServerEngines {
  if (engine === "runtime") throw featureUnavailable("engine");
  return opensslServer(config);
}

/** The runtime's own TLS: asked for by name, or because of what OpenSSL failed with. */
function runtimeEngine(options: Demanding, unavailable?: TlsError): Chosen {
  const lost = demandsOf(options).filter(({ feature }) => !featuresOf("runtime")[feature]);
  const missed = lost.find(({ weight }) => {
    return weight === "must be met" || (weight === "asked for" && !unavailable);
  });
  if (missed) throw featureUnavailable(missed.option, unavailable);
  return {
    name: "runtime",
    make: runtimeClient,
    warnings: unavailable ? [engineFallback(unavailable, lost.map(({ words }) => words))] : [],
  };
}

/** `unavailable` is what OpenSSL failed with; where nobody has asked for it, it is asked now. */
function featureUnavailable(option: string, unavailable = whyNotOpenssl()): TlsError {
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
