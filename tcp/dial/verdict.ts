/**
 * What a connection that stands says about Fast Open on its path.
 *
 * @module
 */

import { type ConnFacts, netAddr } from "../facts.ts";
import { formatAddress, networkOf } from "../name/address.ts";
import type { Opened } from "../open/request.ts";
import type { FastOpenOutcome, FastOpenResult } from "../outcome.ts";
import type { Way } from "../paths/advice.ts";
import { learnRoom, learnRoundTrip, noteBlocked, noteOpen } from "../paths/paths.ts";

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

/** What is known of a connection, and what that says about its path. */
export interface Verdict {
  readonly facts: ConnFacts;
  readonly lesson: Lesson | undefined;
}

/** What the memory of paths can learn. */
export interface Lesson {
  readonly address: string;
  readonly network: string;
  readonly rtt: number | undefined;
  readonly synRoom: number | undefined;
  /** What became of a SYN with data; `undefined` where that says nothing about the path. */
  readonly path: "open" | "blocked" | undefined;
  /** The one that was blocked was a probe. */
  readonly probed: boolean;
}

/** Decides what became of Fast Open; nothing is learned here. */
export function judge(standing: Standing, suspects: readonly Suspect[]): Verdict {
  const { way, opened } = standing;
  const local = opened.localAddress();
  const suspect = suspects.find(({ way: { address } }) => address === way.address);
  const fastOpen = resultOf(standing, opened.fastOpen(), suspect);
  const facts = { localAddr: netAddr(local), remoteAddr: netAddr(way.address), fastOpen };
  if (!local) return { facts, lesson: undefined };
  const { rtt, synRoom } = fastOpen;
  const lesson = {
    address: formatAddress(way.address),
    network: networkOf(local),
    rtt,
    synRoom,
    path: pathVerdict(standing, fastOpen.outcome, suspect),
    probed: (suspect?.way ?? way).probe === true,
  };
  return { facts, lesson };
}

/** Hands a lesson to the memory of paths. */
export function learn({ address, network, rtt, synRoom, path, probed }: Lesson): void {
  if (rtt) learnRoundTrip(address, network, rtt);
  if (synRoom) learnRoom(address, network, synRoom);
  if (path === "open") noteOpen(address, network);
  if (path === "blocked") noteBlocked(address, network, probed);
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

function pathVerdict(
  standing: Standing,
  outcome: FastOpenOutcome,
  suspect: Suspect | undefined,
): Lesson["path"] {
  if (lostToFastOpen(standing, outcome, suspect)) return "blocked";
  // The server's own refusal of the data still says that they reached it, or did no harm.
  return outcome === "accepted" || outcome === "ignored" ? "open" : undefined;
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
