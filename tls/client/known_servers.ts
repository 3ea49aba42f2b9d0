/**
 * Facts that this process has learned in earlier handshakes: which parts a ClientHello for a server
 * should carry, and which parts it must leave out.
 *
 * @module
 */

import { authority } from "../../base/authority.ts";
import { badArgument } from "../../base/option_errors.ts";
import { Recent } from "../../base/recent.ts";
import type { EnginePeer, HelloForm } from "../engine/contract.ts";
import type { SparedPart, SpecialPart } from "./special.ts";

/** Facts about one server. */
export interface ServerFacts {
  /** The group that the server picked last; a hello carries a key share for this group alone. */
  readonly group?: string;
  /** The form of hello that fits a SYN; larger forms did not fit. */
  readonly fitting?: HelloForm;
  /** Whether the server has used TLS 1.3, so that a hello may offer nothing else. */
  readonly usesTls13?: boolean;
  /**
   * Milliseconds after the handshake at which it has last answered early data before it can have had the
   * Finished; `undefined` where it has waited.
   */
  readonly answersAfter?: number | undefined;
  /** How often in a row it has answered the Finished after early data by a reset, and by nothing else. */
  readonly resets?: number;
  /** Milliseconds it takes for its first byte, beside the round trip; the longest of late. */
  readonly thinkingTime?: number;
  /** What the server, or something on the way to it, has turned down. */
  readonly spared?: ReadonlyMap<SpecialPart, SparedPart>;
}

/** A server, as {@linkcode ServerMemory.entries} shows it. */
export interface KnownServer {
  /** The host as it was asked for. */
  readonly hostname: string;
  /** 1 to 65,535; 0 if it is not known, as where TLS was started over a tunnel. */
  readonly port: number;
  /** The key-exchange group that the server picked last, once known. */
  readonly group?: string;
  /** Milliseconds it takes for its first byte, beside the round trip; the longest of late. */
  readonly thinkingTime?: number;
  /** What first flights leave out at present; empty for most servers. */
  readonly spared: readonly SparedPart[];
}

/** What {@linkcode serverMemory} offers. */
export interface ServerMemory {
  /** All known servers, the least recently used first. At most 1,024 servers are kept. */
  entries(): KnownServer[];
  /**
   * Forgets all servers, or those of one host, as `hostname` was given to `connectTls`.
   *
   * @throws {OptionError} when `hostname` is not a string
   */
  clear(hostname?: string): void;
}

interface Entry {
  readonly peer: EnginePeer;
  readonly facts: ServerFacts;
}

const servers = new Recent<string, Entry>(1024);

const STRANGER: ServerFacts = {};

/** The facts about a server; an empty object for a server that was never met. */
export function knownServer(peer: EnginePeer): ServerFacts {
  return servers.peek(authority(peer))?.facts ?? STRANGER;
}

/** Adds facts about a server. */
export function learnServer(peer: EnginePeer, facts: ServerFacts): void {
  const { hostname, port } = peer;
  servers.set(authority(peer), {
    peer: { hostname, port },
    facts: { ...knownServer(peer), ...facts },
  });
}

/**
 * What this process has learned of the servers it talks to over TLS.
 *
 * A first flight may carry things that are not ordinary: a session, early data, a hello that was made lean
 * to fit a SYN, one too large for a single packet, or data in the SYN at all. If a server, or a middlebox
 * on the way to it, answers that with a reset, a close, an alert or silence, the same call goes on with an
 * ordinary hello. Later ones leave the part out: for ten seconds at first, since it may have been chance,
 * and for twice as long after each failed probe, up to an hour. A probe is a connection that carries the
 * part again.
 *
 * ```ts
 * import { serverMemory } from "@firstflight/tls";
 *
 * for (const { hostname, port, group, spared } of serverMemory.entries()) {
 *   console.log(hostname, port, group ?? "no group yet");
 *   for (const { part, by, until } of spared) console.log(part, by, new Date(until));
 * }
 * serverMemory.clear(); // For example after a middlebox was repaired.
 * ```
 */
export const serverMemory: ServerMemory = {
  entries() {
    return servers.values().map(({ peer, facts: { group, thinkingTime, spared } }) => ({
      ...peer,
      ...(group === undefined ? {} : { group }),
      ...(thinkingTime === undefined ? {} : { thinkingTime }),
      spared: Array.from(spared?.values() ?? [], (part) => ({ ...part })),
    })).toArray();
  },
  clear(hostname) {
    if (hostname !== undefined && typeof hostname !== "string") {
      throw badArgument("hostname", "a host name", hostname);
    }
    for (const { peer } of [...servers.values()]) {
      if (hostname === undefined || peer.hostname === hostname) servers.take(authority(peer));
    }
  },
};
