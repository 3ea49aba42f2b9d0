/**
 * What a middlebox on the path may do to packets: plain data that travels as JSON, and the function
 * that each kind becomes.
 *
 * "SYN" means a client's opening packet here, never the SYN-ACK.
 *
 * @module
 */

import { parseAddress } from "./address.ts";
import { mindHello } from "./hello_box.ts";
import type { MindHello } from "./mind_hello.ts";
import {
  ACK,
  destinationAddress,
  fastOpenOption,
  payloadOffset,
  SYN,
  tcpFlags,
  tcpOffset,
} from "./packet.ts";
import { resetFor, tooBigFor } from "./reply.ts";
import { clampMss, cutPayload, hideFastOpen } from "./rewrite.ts";
import { DROP, type Drop, type Judge } from "./verdict.ts";

/** One thing a middlebox does. Several make a list, applied in order. */
export type Middlebox =
  /** A SYN that carries data vanishes. */
  | { readonly kind: "drop-syn-data" }
  /** A SYN that carries data goes on without it. */
  | { readonly kind: "strip-syn-data" }
  /** A SYN that carries data vanishes, and its sender gets a reset. */
  | { readonly kind: "reset-syn-data" }
  /** A SYN with a Fast Open option, in either encoding, vanishes: data or not, cookie or not. */
  | { readonly kind: "drop-option" }
  /** A SYN loses its Fast Open option, in the registered and in the experimental encoding. */
  | { readonly kind: "strip-option" }
  /** A SYN-ACK loses its Fast Open option: no cookie ever reaches a client. */
  | { readonly kind: "strip-synack-option" }
  /** SYN and SYN-ACK announce a maximum segment size of at most `mss`. */
  | { readonly kind: "clamp-mss"; readonly mss: number }
  /** A packet larger than `mtu` vanishes, and its sender gets an ICMP message, unless `isMute`. */
  | { readonly kind: "mtu"; readonly mtu: number; readonly isMute?: true }
  /** This share (0 – 1) of all packets is lost; the same packets for the same seed (default 1). */
  | { readonly kind: "loss"; readonly share: number; readonly seed?: number }
  /** Packets to this address vanish. */
  | { readonly kind: "blackhole"; readonly destination: string }
  /** A connection is cut off for what its ClientHello says. */
  | MindHello;

/** Combines a list of middleboxes into one function. */
export function judge(boxes: readonly Middlebox[]): Judge {
  const judges = boxes.map(judgeOf);
  return (packet) => {
    let current = packet;
    for (const next of judges) {
      const verdict = next(current);
      if (!(verdict instanceof Uint8Array)) return verdict;
      current = verdict;
    }
    return current;
  };
}

function judgeOf(box: Middlebox): Judge {
  switch (box.kind) {
    case "drop-syn-data":
      return (packet) => isSynWithData(packet) ? DROP : packet;
    case "strip-syn-data":
      return (packet) => isSynWithData(packet) ? cutPayload(packet) : packet;
    case "reset-syn-data":
      return (packet) => isSynWithData(packet) ? { drop: true, reply: resetFor(packet) } : packet;
    case "drop-option":
      return (packet) => isSynWithOption(packet) ? DROP : packet;
    case "strip-option":
      return (packet) => synFlags(packet) === SYN ? hideFastOpen(packet) : packet;
    case "strip-synack-option":
      return (packet) => synFlags(packet) === (SYN | ACK) ? hideFastOpen(packet) : packet;
    case "clamp-mss":
      return (packet) => synFlags(packet) & SYN ? clampMss(packet, box.mss) : packet;
    case "mtu":
      return (packet) => packet.length > box.mtu ? tooBig(packet, box) : packet;
    case "loss":
      return loss(box.share, box.seed ?? 1);
    case "blackhole":
      return blackhole(parseAddress(box.destination));
    case "mind-hello":
      return mindHello(box);
    default:
      throw new TypeError(`no such middlebox: ${JSON.stringify(box satisfies never)}`);
  }
}

function tooBig(packet: Uint8Array, { mtu, isMute }: Extract<Middlebox, { kind: "mtu" }>): Drop {
  return isMute ? DROP : { drop: true, reply: tooBigFor(packet, mtu) };
}

/** SYN and ACK of a packet's flags; 0 without TCP. */
function synFlags(packet: Uint8Array): number {
  const tcp = tcpOffset(packet);
  return tcp === 0 ? 0 : tcpFlags(packet, tcp) & (SYN | ACK);
}

function isSynWithData(packet: Uint8Array): boolean {
  return synFlags(packet) === SYN && packet.length > payloadOffset(packet, tcpOffset(packet));
}

function isSynWithOption(packet: Uint8Array): boolean {
  return synFlags(packet) === SYN && fastOpenOption(packet, tcpOffset(packet)) !== undefined;
}

function loss(share: number, seed: number): Judge {
  const random = mulberry32(seed);
  return (packet) => random() < share ? DROP : packet;
}

/** A small random generator (0 to 1). The same seed gives the same numbers everywhere. */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = state + 0x6d2b79f5 | 0;
    let t = Math.imul(state ^ state >>> 15, state | 1);
    t = t + Math.imul(t ^ t >>> 7, t | 61) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

function blackhole(wanted: Uint8Array): Judge {
  return (packet) => {
    const address = destinationAddress(packet);
    const same = address.length === wanted.length && address.every((byte, i) => byte === wanted[i]);
    return same ? DROP : packet;
  };
}
