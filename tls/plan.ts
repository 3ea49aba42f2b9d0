/**
 * What a connection is made from.
 *
 * @module
 */

import type { Deadline } from "../tcp/deadline.ts";
import type { Peer } from "../tcp/stream.ts";
import { digest } from "./digest.ts";
import type { ClientConfig } from "./engine.ts";
import type { Chosen } from "./engines.ts";
import { featuresOf } from "./features.ts";
import { keyLogOf } from "./keylog.ts";
import { knownServer } from "./known_servers.ts";
import { certificateName, type TlsClientOptions } from "./options.ts";
import { Resumption } from "./resumption.ts";
import { MemorySessionStore, type StoredSession } from "./session.ts";
import { trustName } from "./trust.ts";
import type { TlsWarning } from "./warnings.ts";

/** Everything one attempt at a TLS connection is made from. */
export interface Plan {
  readonly makeEngine: Chosen["make"];
  readonly config: ClientConfig;
  readonly resumption: Resumption;
  readonly stored: StoredSession | undefined;
  readonly earlyData: Uint8Array | undefined;
  /** Whether the hello may be cut to fit a SYN. */
  readonly fit: boolean;
  /** What the caller should know although it is no error; added to as it is found. */
  readonly warnings: TlsWarning[];
}

/** Sessions of connections that name no store of their own. */
const defaultSessions = new MemorySessionStore();

/** What a connection needs to know before it has an engine. */
export async function makePlan(
  options: TlsClientOptions & { fastOpen?: boolean },
  { hostname, port }: Peer,
  chosen: Chosen,
  { signal }: Deadline,
  earlyData: Uint8Array | undefined,
): Promise<Plan> {
  const { sessions = defaultSessions, caCerts, cert, key, alpnProtocols = [] } = options;
  const { minVersion = "TLSv1.2", maxVersion = "TLSv1.3" } = options;
  const serverName = certificateName(options.serverName ?? hostname);
  const verifyName = !options.unsafelyDisableHostnameVerification;
  // All that decides whom a session was agreed with, by which engine and under which conditions.
  const who = [hostname, port, serverName, verifyName, trustName(caCerts), cert, chosen.name];
  const { groups = "fit" } = options;
  const warnings: TlsWarning[] = [...chosen.warnings];
  const resumption = new Resumption(
    sessions === false || !featuresOf(chosen.name).resumption ? undefined : sessions,
    digest([...who, alpnProtocols, minVersion, maxVersion, groups]),
    (warning) => warnings.push(warning),
  );
  const stored = await resumption.take(signal);
  // What a session was agreed with decides what may resume it.
  const keyShare = stored?.group ?? knownServer(hostname, port).group;
  const config: ClientConfig = {
    hostname,
    port,
    serverName,
    verifyName,
    caCerts,
    cert,
    key,
    alpnProtocols,
    minVersion,
    maxVersion,
    groups: typeof groups === "string" ? undefined : groups,
    keyShare: groups === "fit" ? keyShare : undefined,
    forSyn: groups === "fit" && (options.fastOpen ?? true),
    session: undefined,
    onTicket: resumption.enabled ? (ticket) => resumption.keep(ticket) : undefined,
    keyLog: keyLogOf(options.keyLog),
  };
  const makeEngine = chosen.make;
  return { makeEngine, config, resumption, stored, earlyData, fit: groups === "fit", warnings };
}
