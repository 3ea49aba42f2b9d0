/**
 * What a connection is made from.
 *
 * @module
 */

import { digest } from "../../base/digest.ts";
import type { Deadline } from "../../tcp/dial/deadline.ts";
import type { Peer } from "../../tcp/wire/ends.ts";
import type { Chosen } from "../choose_engine.ts";
import type { ClientConfig } from "../engine/contract.ts";
import { featuresOf } from "../engine/features.ts";
import { keyLogOf } from "../keylog.ts";
import { certificateName, type TlsClientSettings } from "../options.ts";
import type { StoredSession } from "../sessions/store.ts";
import type { TlsWarning } from "../warnings.ts";
import { knownServer } from "./known_servers.ts";
import { Resumption } from "./resumption.ts";
import { trustName } from "./trust_name.ts";

/** Everything one attempt at a TLS connection is made from. */
export interface Plan {
  readonly makeEngine: Chosen["make"];
  readonly config: ClientConfig;
  readonly resumption: Resumption;
  readonly stored: StoredSession | undefined;
  readonly earlyData: Uint8Array | undefined;
  /** What the caller should know although it is no error; added to as it is found. */
  readonly warnings: TlsWarning[];
}

/** What the first flight is meant for. */
export interface FlightPurpose {
  /** It may ride in a SYN. */
  readonly fastOpen: boolean;
  readonly earlyData: Uint8Array | undefined;
}

/** What a connection needs to know before it has an engine. */
export async function makePlan(
  settings: TlsClientSettings,
  peer: Peer,
  chosen: Chosen,
  { signal }: Deadline,
  { fastOpen, earlyData }: FlightPurpose,
): Promise<Plan> {
  const { hostname, port } = peer;
  const { caCerts, cert, key, alpnProtocols, minVersion, maxVersion, groups, sessions } = settings;
  const serverName = certificateName(settings.serverName ?? hostname);
  const verifyName = !settings.unsafelyDisableHostnameVerification;
  // All that decides whom a session was agreed with, by which engine and under which conditions.
  const who = [hostname, port, serverName, verifyName, trustName(caCerts), cert, chosen.name];
  const warnings = [...chosen.warnings];
  const resumption = new Resumption(
    sessions !== false && featuresOf(chosen.name).resumption ? sessions : undefined,
    digest([...who, alpnProtocols, minVersion, maxVersion, groups]),
    (warning) => warnings.push(warning),
  );
  const stored = await resumption.take(signal);
  // What a session was agreed with decides what may resume it.
  const keyShare = groups === "fit" ? stored?.group ?? knownServer(peer).group : undefined;
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
    hello: keyShare === undefined ? "full" : "single-share",
    keyShare,
    ridesInSyn: groups === "fit" && fastOpen,
    session: stored?.session,
    onTicket: resumption.enabled ? (ticket) => resumption.keep(ticket) : undefined,
    keyLog: keyLogOf(settings.keyLog),
  };
  return { makeEngine: chosen.make, config, resumption, stored, earlyData, warnings };
}

/** The same plan without a session. */
export function withoutSession(plan: Plan): Plan {
  return { ...plan, config: { ...plan.config, session: undefined }, stored: undefined };
}
