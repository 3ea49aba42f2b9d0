/**
 * Facts that this process has learned in earlier handshakes: which parts a ClientHello for a server
 * should carry, and which parts it can leave out.
 *
 * @module
 */

import { authority } from "../../base/authority.ts";
import { Recent } from "../../base/recent.ts";
import type { EnginePeer, HelloForm } from "../engine/contract.ts";

/** Facts about one server. */
export interface KnownServer {
  /** The group that the server picked last; a hello carries a key share for this group alone. */
  readonly group?: string;
  /** The form of hello that fits a SYN; larger forms did not fit. */
  readonly fitting?: HelloForm;
  /**
   * The smallest form of hello that the server accepts: `"lean"` once it has used TLS 1.3,
   * `"single-share"` after a lean hello has failed, because of the server or of the path.
   */
  readonly smallest?: HelloForm;
  /**
   * Milliseconds after the handshake at which it has last answered early data before it can have had the
   * Finished; `undefined` where it has waited.
   */
  readonly answersAfter?: number | undefined;
}

const servers = new Recent<string, KnownServer>(1024);

const STRANGER: KnownServer = {};

/** The facts about a server; an empty object for a server that was never met. */
export function knownServer(peer: EnginePeer): KnownServer {
  return servers.peek(authority(peer)) ?? STRANGER;
}

/** Adds facts about a server. */
export function learnServer(peer: EnginePeer, facts: KnownServer): void {
  servers.set(authority(peer), { ...knownServer(peer), ...facts });
}
