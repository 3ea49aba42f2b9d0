/**
 * What a connection that stands says about Fast Open on its path, and what is learned from it.
 *
 * @module
 */

import { formatAddress, networkOf } from "./address.ts";
import { type ConnFacts, netAddr } from "./conn.ts";
import type { Opened } from "./open/mod.ts";
import type { FastOpenOutcome, FastOpenResult } from "./outcome.ts";
import { learnRoom, learnRoundTrip, noteBlocked, noteOpen } from "./paths.ts";
import type { Way } from "./way.ts";

/** A Fast Open attempt that a plain one to the same address has overtaken. */
export interface Suspect {
  readonly way: Way;
  readonly synBytes: number;
  /** Whether it had come to nothing, rather than being late. */
  readonly lost: boolean;
  /** What happened to it, in words. */
  readonly reason: string;
}

/** A connection that stands. */
export interface Standing {
  readonly way: Way;
  readonly opened: Opened;
  /** Bytes of the whole first flight. */
  readonly flightBytes: number;
  /** Milliseconds from the SYN until it stood. */
  readonly elapsed: number;
  /** Whether a plain SYN to the same address is overdue for an answer. */
  readonly plainIsSilent: boolean;
}

/**
 * Milliseconds after which the kernel sends a SYN again that was not answered (RFC 6298, section 2).
 * When it does so sooner, ICMP told it that the packet was too large: it will make smaller ones.
 */
const KERNEL_PATIENCE = 1000;

/** The facts of a connection; the memory of paths learns from them. */
export function judge(standing: Standing, suspects: readonly Suspect[]): ConnFacts {
  const { way, opened } = standing;
  const local = opened.localAddress();
  const suspect = suspects.find(({ way: { address } }) => address === way.address);
  const fastOpen = resultOf(standing, opened.fastOpen(), suspect);
  if (local) learn(formatAddress(way.address), networkOf(local), standing, fastOpen, suspect);
  return { localAddr: netAddr(local), remoteAddr: netAddr(way.address), fastOpen };
}

/** The kernel's account is of the connection that stands; of those that were lost only we know. */
function resultOf(
  { way, flightBytes }: Standing,
  kernel: FastOpenResult,
  suspect: Suspect | undefined,
): FastOpenResult {
  if (way.fastOpen || (!suspect && !way.avoids)) return kernel;
  const { synBytes, reason } = suspect ?? {
    synBytes: 0,
    reason: "this path lost SYNs with data before; pathMemory says until when it is spared them",
  };
  return { ...kernel, outcome: "blocked", synBytes, flightBytes, reason };
}

function learn(
  to: string,
  network: string,
  standing: Standing,
  { outcome, rtt, synRoom }: FastOpenResult,
  suspect: Suspect | undefined,
): void {
  if (rtt) learnRoundTrip(to, network, rtt);
  if (synRoom) learnRoom(to, network, synRoom);
  // The server's own refusal of the data still says that they reached it, or did no harm.
  if (outcome === "accepted" || outcome === "ignored") noteOpen(to, network);
  if (!lostToFastOpen(standing, outcome, suspect)) return;
  noteBlocked(to, network, (suspect?.way ?? standing.way).probe === true);
}

/** Fast Open is to blame when a plain SYN is answered at once; a crowded server loses all of them. */
function lostToFastOpen(
  { way, elapsed, plainIsSilent }: Standing,
  outcome: FastOpenOutcome,
  suspect: Suspect | undefined,
): boolean {
  const resent = elapsed >= KERNEL_PATIENCE;
  if (way.fastOpen) return outcome === "blocked" && resent && !plainIsSilent;
  return suspect !== undefined && suspect.lost && !resent;
}
