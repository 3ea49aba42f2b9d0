/**
 * The middlebox that reads ClientHellos: how it follows connections, and how it cuts them off.
 *
 * It reads a connection's first bytes in order. While nothing offends in what has come, segments go
 * on at once: a beginning of a hello makes no request. A segment from behind a gap vanishes until
 * the hello is judged; TCP sends it again. Connections that are older than the box are let through.
 *
 * @module
 */

import { recordLength } from "./client_hello.ts";
import { checkMindHello, type MindHello, offends } from "./mind_hello.ts";
import {
  ACK,
  FIN,
  parseTcp,
  payloadOffset,
  PSH,
  RST,
  SYN,
  tcpOffset,
  type TcpPacket,
} from "./packet.ts";
import { resetFor, segmentFor } from "./reply.ts";
import { cutPayload, turnIntoReset } from "./rewrite.ts";
import { DROP, type Drop, type Judge, type Verdict } from "./verdict.ts";

/** Connections followed at the same time. The oldest one is forgotten, and let through. */
const MOST_FLOWS = 1024;

/** The largest packet on most paths. */
const MTU = 1500;

const NOTHING = new Uint8Array(0);

/** A fatal alert: the record's header, the level, and `illegal_parameter`. */
const ALERT = Uint8Array.of(21, 3, 3, 0, 2, 2, 47);

/** Makes the middlebox. What it knows of connections is its own. */
export function mindHello(box: MindHello): Judge {
  checkMindHello(box);
  const flows = new Map<string, Flow>();
  return (packet) => {
    const tcp = parseTcp(packet);
    if (!tcp) return packet;
    const from = `${tcp.source} ${tcp.sourcePort}`;
    const to = `${tcp.destination} ${tcp.destinationPort}`;
    const key = `${from} ${to}`;
    const isSyn = (tcp.flags & (SYN | ACK)) === SYN;
    if (isSyn && !flows.get(key)?.beganWith(tcp)) {
      flows.delete(key);
      flows.set(key, new Flow(box, tcp));
      if (flows.size > MOST_FLOWS) flows.delete(flows.keys().next().value!);
    }
    const asClient = flows.get(key);
    if (asClient) return asClient.fromClient(packet, tcp);
    return flows.get(`${to} ${from}`)?.fromServer(packet, tcp) ?? packet;
  };
}

/** One connection. Positions count from the first byte that a side sends. */
class Flow {
  readonly #box: MindHello;
  /** The sequence number of the client's first byte. */
  readonly #start: number;
  /** The sequence number of the server's first byte, once the SYN-ACK has told it. */
  #serverStart = 0;
  #stage: "reading" | "fine" | "offended" | "over" = "reading";
  /** The first bytes of the client; in the stage "offended" those of the server. */
  #read: Uint8Array = NOTHING;
  /** Where the first record of the server ends, once that is known. */
  #recordEnd: number | undefined;
  /** The sequence number that the server would use next when the box cut the connection off. */
  #over = 0;

  constructor(box: MindHello, syn: TcpPacket) {
    this.#box = box;
    this.#start = syn.seq + 1;
  }

  /** Whether this SYN has been sent before. */
  beganWith(syn: TcpPacket): boolean {
    return difference(syn.seq + 1, this.#start) === 0;
  }

  fromClient(packet: Uint8Array, tcp: TcpPacket): Verdict {
    switch (this.#stage) {
      case "reading":
        return this.#readHello(packet, tcp);
      case "fine":
        return packet;
      case "offended":
        return this.#hasRecord(tcp) ? this.#cutOff(packet, tcp) : packet;
      case "over":
        return spaceTaken(tcp) === 0 ? DROP : this.#answer(packet, tcp);
    }
  }

  /** Whether the client tells that it has all of the server's first record. */
  #hasRecord({ flags, ack }: TcpPacket): boolean {
    const end = this.#recordEnd;
    if (end === undefined || (flags & (SYN | RST | ACK)) !== ACK) return false;
    return difference(ack, this.#serverStart) >= end;
  }

  #readHello(packet: Uint8Array, tcp: TcpPacket): Verdict {
    if (tcp.payload === 0) return packet;
    const isSyn = (tcp.flags & SYN) !== 0;
    const at = isSyn ? 0 : difference(tcp.seq, this.#start);
    const payloadAt = payloadOffset(packet, tcpOffset(packet));
    const bytes = extend(this.#read, at, packet.subarray(payloadAt));
    if (!bytes) return DROP;
    const offending = offends(this.#box, bytes, MTU - payloadAt);
    if (offending && this.#box.when !== "first-record") {
      return isSyn ? cutPayload(packet) : this.#cutOff(packet, tcp);
    }
    if (offending !== undefined) this.#stage = offending ? "offended" : "fine";
    this.#read = offending === undefined ? bytes : NOTHING;
    return packet;
  }

  fromServer(packet: Uint8Array, tcp: TcpPacket): Verdict {
    if (this.#stage === "over") return DROP;
    if (tcp.flags & SYN) this.#serverStart = tcp.seq + 1;
    if (this.#stage !== "offended" || tcp.flags & SYN || spaceTaken(tcp) === 0) return packet;
    const at = difference(tcp.seq, this.#serverStart);
    if (this.#recordEnd === undefined) {
      const payload = packet.subarray(payloadOffset(packet, tcpOffset(packet)));
      const bytes = extend(this.#read, at, payload);
      if (!bytes) return DROP;
      this.#recordEnd = recordLength(bytes);
      this.#read = this.#recordEnd === undefined ? bytes : NOTHING;
      if (this.#recordEnd === undefined) return packet;
    }
    const kept = this.#recordEnd - at;
    if (kept <= 0) return DROP;
    return kept >= spaceTaken(tcp) ? packet : cutPayload(packet, kept);
  }

  /** A packet of the client is the last one that has an effect: both ends get their answer. */
  #cutOff(packet: Uint8Array, tcp: TcpPacket): Verdict {
    this.#stage = "over";
    this.#read = NOTHING;
    this.#over = tcp.ack;
    return { ...this.#answer(packet, tcp), onward: turnIntoReset(packet) };
  }

  /** What the client is told in the server's name. */
  #answer(packet: Uint8Array, tcp: TcpPacket): Drop {
    const answer = (flags: number, payload?: Uint8Array): Drop => {
      // A client that has the FIN is told no more than that its own data came.
      const closed = difference(tcp.ack, this.#over) > 0;
      const reply = closed ? segmentFor(packet, ACK) : segmentFor(packet, flags, payload);
      return { drop: true, reply };
    };
    switch (this.#box.by) {
      case "reset":
        return { drop: true, reply: resetFor(packet) };
      case "close":
        return answer(FIN | ACK);
      case "alert":
        return answer(PSH | FIN | ACK, ALERT);
      case "silence":
        return spaceTaken(tcp) > 0 ? answer(ACK) : DROP;
      case "loss":
        return DROP;
    }
  }
}

/** How far sequence number `a` is ahead of `b`; they wrap around. */
function difference(a: number, b: number): number {
  return a - b | 0;
}

/** Sequence numbers that a segment behind the SYN takes. */
function spaceTaken({ payload, flags }: TcpPacket): number {
  return payload + (flags & FIN ? 1 : 0);
}

/**
 * `bytes` with what a payload at position `at` adds to them; `undefined` when something is missing
 * in between. It is a copy, because a packet's memory is used again.
 */
function extend(bytes: Uint8Array, at: number, payload: Uint8Array): Uint8Array | undefined {
  if (at > bytes.length) return undefined;
  const more = payload.subarray(bytes.length - at);
  const all = new Uint8Array(bytes.length + more.length);
  all.set(bytes);
  all.set(more, bytes.length);
  return all;
}
