/**
 * What this process knows of the servers it has shaken hands with: what a hello for them should carry,
 * and what it can leave out.
 *
 * @module
 */

import { authority } from "../../base/authority.ts";
import { Recent } from "../../base/recent.ts";
import type { EnginePeer, HelloForm } from "../engine/contract.ts";

/** One server. */
export interface KnownServer {
  /** The group it picked last; a hello carries a key share for this one alone. */
  readonly group?: string;
  /** The form of hello that a SYN has room for. Larger forms have not fitted. */
  readonly fitting?: HelloForm;
  /**
   * The smallest form of hello that it takes: `"lean"` once it has spoken TLS 1.3, `"single-share"` after
   * a lean one has failed, because of the server or of something on the way.
   */
  readonly smallest?: HelloForm;
}

const servers = new Recent<string, KnownServer>(1024);

const STRANGER: KnownServer = {};

/** What is known of a server; of a stranger, nothing. */
export function knownServer(peer: EnginePeer): KnownServer {
  return servers.peek(authority(peer)) ?? STRANGER;
}

/** Adds to what is known of a server. */
export function learnServer(peer: EnginePeer, facts: KnownServer): void {
  servers.set(authority(peer), { ...knownServer(peer), ...facts });
}
