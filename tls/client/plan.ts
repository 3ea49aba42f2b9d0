/**
 * The plan from which a connection is made.
 *
 * @module
 */

import { digest } from "../../base/digest.ts";
import type { Deadline } from "../../tcp/dial/deadline.ts";
import type { Peer } from "../../tcp/wire/ends.ts";
import type { Chosen } from "../choose_engine.ts";
import type { ClientConfig, ClientEngine } from "../engine/contract.ts";
import { featuresOf } from "../engine/features.ts";
import type { NameCheck } from "../engine/names.ts";
import { trustOf } from "../engine/own_roots.ts";
import { keyLogOf } from "../keylog.ts";
import { certificateName, type TlsClientSettings } from "../options.ts";
import type { StoredSession } from "../sessions/store.ts";
import { rootsUnreadable, type TlsWarning } from "../warnings.ts";
import { Allowance } from "./allowance.ts";
import { ordinaryConfig } from "./hello.ts";
import { knownServer } from "./known_servers.ts";
import { Resumption } from "./resumption.ts";

/** Everything that one try at a TLS connection is made from. */
export interface Plan {
  readonly makeEngine: Chosen["make"];
  readonly config: ClientConfig;
  readonly resumption: Resumption;
  readonly stored: StoredSession | undefined;
  readonly earlyData: Uint8Array | undefined;
  /** The protocol (ALPN) that the early data were sent for; `undefined` while they were not. */
  readonly earlyProtocol?: string | null;
  /** What the first flight may carry; `undefined` allows nothing special. */
  readonly allowance: Allowance | undefined;
  /** Warnings for the caller; later ones are added. */
  readonly warnings: TlsWarning[];
}

/** The purpose of the first flight. */
export interface FlightPurpose {
  /** Whether the flight may ride in a SYN. */
  readonly fastOpen: boolean;
  readonly earlyData: Uint8Array | undefined;
}

/** Makes the plan of a connection before there is an engine. */
export async function makePlan(
  settings: TlsClientSettings,
  peer: Peer,
  chosen: Chosen,
  { signal }: Deadline,
  { fastOpen, earlyData }: FlightPurpose,
): Promise<Plan> {
  const { hostname, port } = peer;
  const { caCerts, cert, key, alpnProtocols, minVersion, maxVersion, groups, sessions } = settings;
  const { passphrase, postHandshakeAuth } = settings;
  const serverName = certificateName(settings.serverName ?? hostname);
  const verifyName = nameCheckOf(settings);
  // A session is valid for one server, one way to verify it, one client identity and one engine.
  const { name: trusted, unreadable } = trustOf(caCerts);
  const who = [hostname, port, serverName, verifyName, trusted, cert, chosen.name];
  const warnings = [...chosen.warnings];
  if (unreadable > 0) warnings.push(rootsUnreadable(unreadable));
  const resumption = new Resumption(
    sessions !== false && featuresOf(chosen.name).resumption ? sessions : undefined,
    digest([...who, alpnProtocols, minVersion, maxVersion, groups]),
    (warning) => warnings.push(warning),
  );
  const allowance = new Allowance(peer);
  const taken = await resumption.take(signal);
  // A session that is spared is not put back: the full handshake brings new ones.
  const stored = taken && allowance.allows("session") ? taken : undefined;
  // A resumption must offer the group that its session was agreed with.
  const keyShare = groups === "fit" ? stored?.group ?? knownServer(peer).group : undefined;
  const config: ClientConfig = {
    hostname,
    port,
    serverName,
    verifyName,
    caCerts,
    cert,
    key,
    passphrase,
    postHandshakeAuth,
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
  const { make: makeEngine } = chosen;
  return { makeEngine, config, resumption, stored, earlyData, allowance, warnings };
}

function nameCheckOf(settings: TlsClientSettings): NameCheck {
  if (settings.unsafelyDisableHostnameVerification) return false;
  return settings.unsafelyAcceptCommonName ? "or-common-name" : true;
}

/** The early data that the first flight may carry: those of a plan with a session for them. */
export function earlyDataOf({ stored, earlyData, allowance }: Plan): Uint8Array | undefined {
  return stored && earlyData?.length && allowance?.allows("early data") ? earlyData : undefined;
}

/** Whether the first flight had all of the early data, so that a server can answer them. */
export function isWhole({ earlyData }: Plan, { earlyDataTaken }: ClientEngine): boolean {
  return earlyDataTaken === earlyData?.length;
}

/** The same plan without a session. */
export function withoutSession(plan: Plan): Plan {
  return { ...plan, config: { ...plan.config, session: undefined }, stored: undefined };
}

/** The same plan without anything special in its hello. */
export function ordinaryPlan(plan: Plan, isLarge: boolean): Plan {
  const config = ordinaryConfig(plan.config, isLarge);
  return { ...plan, config, stored: undefined, allowance: undefined };
}
