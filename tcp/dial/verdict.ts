/**
 * What an established connection says about Fast Open on its path.
 *
 * @module
 */

import { type ConnFacts, netAddr } from "../facts.ts";
import { formatAddress, networkOf } from "../name/address.ts";
import type { Opened } from "../open/request.ts";
import type { FastOpenOutcome, FastOpenResult } from "../outcome.ts";
import type { Way } from "../paths/advice.ts";
import { learnRoom, learnRoundTrip, noteBlocked, noteOpen } from "../paths/paths.ts";

/** A Fast Open attempt that lost. It counts if a plain attempt to the same address has won. */
export interface Suspect {
  readonly way: Way;
  readonly synBytes: number;
  /** Whether the attempt had failed or fallen silent. Otherwise it was only slower. */
  readonly lost: boolean;
  /** What happened to the attempt, in words. */
  readonly reason: string;
}

/** The connection that won the race. */
export interface Standing {
  readonly way: Way;
  readonly opened: Opened;
  /** Bytes of the whole first flight. */
  readonly flightBytes: number;
  /** Milliseconds from the SYN until the attempt was proved. */
  readonly elapsed: number;
  /** Whether a plain SYN to the same address is overdue for an answer. */
  readonly plainIsSilent: boolean;
}

/**
 * Milliseconds after which the kernel resends an unanswered SYN (RFC 6298, section 2). If the
 * kernel does so sooner, ICMP told it that the packet was too large; it will send smaller ones.
 */
const KERNEL_PATIENCE = 1000;

/** What is known of a connection, and what this says about its path. */
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
  /** What the SYN with Fast Open says about the path; `undefined` if it says nothing. */
  readonly path: "open" | "blocked" | undefined;
  /** Whether the attempt with Fast Open was a probe. */
  readonly probed: boolean;
}

/** Decides how Fast Open ended. This function does not change the memory of paths. */
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

/** The kernel's account covers only the winner. What happened to a suspect only the race knows. */
function resultOf(
  { way, flightBytes }: Standing,
  kernel: FastOpenResult,
  suspect: Suspect | undefined,
): FastOpenResult {
  if (way.fastOpen || (!suspect && way.avoids === undefined)) return kernel;
  const { synBytes, reason } = suspect ?? { synBytes: 0, reason: way.avoids ?? "" };
  return { ...kernel, outcome: "blocked", synBytes, flightBytes, reason };
}

function pathVerdict(
  standing: Standing,
  outcome: FastOpenOutcome,
  suspect: Suspect | undefined,
): Lesson["path"] {
  if (isFastOpenToBlame(standing, outcome, suspect)) return "blocked";
  // If the server refused the data, they still reached it, or at least did no harm.
  return outcome === "accepted" || outcome === "ignored" ? "open" : undefined;
}

/** Fast Open is to blame if a plain SYN is answered at once: a crowded server loses all SYNs. */
function isFastOpenToBlame(
  { way, elapsed, plainIsSilent }: Standing,
  outcome: FastOpenOutcome,
  suspect: Suspect | undefined,
): boolean {
  const resent = elapsed >= KERNEL_PATIENCE;
  if (way.fastOpen) return outcome === "blocked" && resent && !plainIsSilent;
  return suspect !== undefined && suspect.lost && !resent;
}
