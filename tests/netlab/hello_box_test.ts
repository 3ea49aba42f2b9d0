import assert from "node:assert/strict";
import { test } from "node:test";
import { checksumsHold } from "./checksum.ts";
import { type HelloParts, makeHello, REAL_HELLO, realFlight } from "./fixtures/client_hellos.ts";
import { type Parts, tcpPacket } from "./fixtures/packets.ts";
import { judge } from "./middlebox.ts";
import type { MindHello } from "./mind_hello.ts";
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
  u16,
} from "./packet.ts";
import type { Drop, Verdict } from "./verdict.ts";

/** The numbers of the two SYNs; the client's next ones wrap around. */
const CLIENT = 0xffffff00;
const SERVER = 0x7ffffff0;
const TIMESTAMPS = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];

const ways = ["reset", "close", "alert", "silence", "loss"] as const;

/** For each thing that is minded: a hello that has it, and one that has everything else. */
const hellos = {
  "no-session-id": [{ sessionId: 0 }, { extensions: [43, 42, 41], length: 3000 }],
  "ticket": [{ extensions: [43, 41] }, { sessionId: 0, extensions: [43, 42], length: 3000 }],
  "early-data": [{ extensions: [42, 41] }, { sessionId: 0, extensions: [43, 41], length: 3000 }],
  "large": [{ length: 1461 }, { sessionId: 0, extensions: [43, 42, 41], length: 1448 }],
} as const satisfies Record<MindHello["minds"], readonly [HelloParts, HelloParts]>;

const ALERT = [21, 3, 3, 0, 2, 2, 47];

/** One connection through one box. Positions count from a side's first byte. */
class Talk {
  readonly #rule;
  readonly #version;

  constructor(version: 4 | 6, box: Omit<MindHello, "kind">) {
    this.#version = version;
    this.#rule = judge([{ kind: "mind-hello", ...box }]);
  }

  #put(parts: Parts): { packet: Uint8Array; verdict: Verdict } {
    const packet = tcpPacket({ version: this.#version, ...parts });
    const before = packet.slice();
    const verdict = this.#rule(packet);
    assert.deepEqual(packet, before, "the packet itself must stay as it is");
    return { packet, verdict };
  }

  /** What the server gets of a packet. */
  #passes(parts: Parts): Uint8Array {
    const { verdict } = this.#put(parts);
    assert.ok(verdict instanceof Uint8Array, "dropped");
    assert.ok(checksumsHold(verdict));
    return verdict;
  }

  /** The packet must go through as it is. */
  passes(parts: Parts): void {
    const { packet, verdict } = this.#put(parts);
    assert.equal(verdict, packet);
    packet.fill(0); // The box may not keep views of a packet.
  }

  /** The packet must go no further. */
  drops(parts: Parts): Drop {
    const { verdict } = this.#put(parts);
    assert.ok(!(verdict instanceof Uint8Array), "passed");
    for (const made of [verdict.reply, verdict.onward]) assert.ok(!made || checksumsHold(made));
    return verdict;
  }

  /** The packet must go through with only that payload, and without a FIN. */
  cuts(parts: Parts, payload: Uint8Array): void {
    const cut = this.#passes(parts);
    const flags = (parts.flags ?? SYN) & ~FIN;
    assert.deepEqual(cut, tcpPacket({ version: this.#version, ...parts, flags, payload }));
  }

  /** The handshake of TCP, the SYN without data. */
  open(): this {
    this.passes({ seq: CLIENT });
    this.passes(synAck());
    this.passes(fromClient(0, 0));
    return this;
  }
}

function synAck(acknowledged = 0): Parts {
  return { from: "server", flags: SYN | ACK, seq: SERVER, ack: CLIENT + 1 + acknowledged >>> 0 };
}

function fromClient(at: number, payload: number | Uint8Array, parts: Parts = {}): Parts {
  const seq = CLIENT + 1 + at >>> 0;
  return { flags: PSH | ACK, seq, ack: SERVER + 1, payload, options: TIMESTAMPS, ...parts };
}

function fromServer(at: number, payload: number | Uint8Array, parts: Parts = {}): Parts {
  const seq = SERVER + 1 + at >>> 0;
  return { from: "server", flags: PSH | ACK, seq, ack: CLIENT + 1, payload, ...parts };
}

/** A packet of the box's own, read. */
function read(packet: Uint8Array | undefined): TcpPacket & { data: number[]; window: number } {
  assert.ok(packet);
  const tcp = tcpOffset(packet);
  const data = [...packet.subarray(payloadOffset(packet, tcp))];
  return { ...parseTcp(packet)!, data, window: u16(packet, tcp + 14) };
}

/** What the client must be told about a packet of its own whose end is `end`. */
function checkReply(reply: Uint8Array | undefined, by: MindHello["by"], end: number, at = 0): void {
  if (by === "loss") return assert.equal(reply, undefined);
  const { seq, ack, flags, sourcePort, destinationPort, data, window } = read(reply);
  assert.deepEqual([sourcePort, destinationPort], [443, 40000]);
  assert.equal(seq, SERVER + 1 + at);
  if (by === "reset") return assert.equal(flags, RST);
  assert.equal(ack, CLIENT + 1 + end >>> 0);
  assert.ok(window > 0, "a window of 0 would be asked whether it has opened");
  assert.equal(flags, { close: FIN | ACK, alert: PSH | FIN | ACK, silence: ACK }[by]);
  assert.deepEqual(data, by === "alert" ? ALERT : []);
}

/** The server must be told that the client has gone. */
function checkOnward(onward: Uint8Array | undefined, seq: number, ack = SERVER + 1): void {
  const reset = read(onward);
  assert.equal(reset.flags, RST | ACK);
  assert.equal(reset.sourcePort, 40000);
  assert.deepEqual([reset.seq, reset.ack, reset.payload], [CLIENT + 1 + seq >>> 0, ack, 0]);
}

/** Everything that both sides may still send is without effect. */
function checkOver(talk: Talk, by: MindHello["by"], end: number, at = 0): void {
  const closed = at + (by === "close" ? 1 : by === "alert" ? ALERT.length + 1 : 0);
  const ack = SERVER + 1 + closed >>> 0;
  assert.deepEqual(talk.drops(fromClient(end, 0, { ack })), { drop: true });
  assert.deepEqual(talk.drops(fromServer(at, 100)), { drop: true });
  assert.deepEqual(talk.drops(fromServer(at, 0, { flags: RST | ACK })), { drop: true });
  const then = by === "close" || by === "alert" ? "silence" : by;
  for (const [payload, fin] of [[9, 0], [0, FIN]] as const) {
    const parts = fromClient(end, payload, { ack, flags: ACK | fin });
    const { reply, onward } = talk.drops(parts);
    checkReply(reply, then, end + payload + (fin ? 1 : 0), closed);
    assert.equal(onward, undefined);
  }
  assert.deepEqual(talk.drops(fromClient(end, 0, { ack, flags: RST | ACK })), { drop: true });
  talk.passes({ seq: 77 });
  talk.passes(fromClient(0, 9, { seq: 78 }));
}

/** A harmless hello, in segments of 1,448 bytes; then other data both ways. */
function checkHarmless(talk: Talk, hello: Uint8Array): void {
  for (let at = 0; at < hello.length; at += 1448) {
    talk.passes(fromClient(at, hello.subarray(at, at + 1448)));
    talk.passes(fromClient(at, hello.subarray(at, at + 1448)));
  }
  talk.passes(fromClient(hello.length, makeHello({ sessionId: 0, extensions: [42, 41] })));
  talk.passes(fromClient(hello.length + 9999, 9)); // Gaps do not matter any more.
  talk.passes(fromServer(0, 1448));
  talk.passes(fromServer(1448, 7, { flags: FIN | ACK }));
  talk.passes(fromClient(hello.length, 0, { flags: FIN | ACK }));
}

for (const version of [4, 6] as const) {
  for (const [minds, [bad, good]] of Object.entries(hellos)) {
    const minded = minds as MindHello["minds"];
    const offending = makeHello(bad);
    // IPv6 has larger headers, behind which less is "large".
    const harmless = makeHello({ ...good, length: good.length - (version === 6 ? 20 : 0) });

    test(`IPv${version}: who minds ${minds} lets other hellos pass`, () => {
      for (const by of ways) {
        for (const when of ["hello", "first-record"] as const) {
          checkHarmless(new Talk(version, { minds: minded, by, when }).open(), harmless);
        }
      }
    });

    for (const by of ways) {
      test(`IPv${version}: ${minds}, ${by}: the server never sees the hello`, () => {
        const talk = new Talk(version, { minds: minded, by }).open();
        const hello = fromClient(0, offending);
        const { reply, onward } = talk.drops(hello);
        checkReply(reply, by, offending.length);
        checkOnward(onward, 0);
        const again = talk.drops(hello);
        assert.deepEqual(again.reply, reply);
        assert.equal(again.onward, undefined);
        checkOver(talk, by, offending.length);
      });

      test(`IPv${version}: ${minds}, ${by}: a SYN goes on without the hello`, () => {
        const talk = new Talk(version, { minds: minded, by });
        const syn = { seq: CLIENT, payload: offending };
        talk.cuts(syn, new Uint8Array(0));
        talk.cuts(syn, new Uint8Array(0));
        talk.passes({ seq: CLIENT });
        talk.passes(synAck());
        talk.passes(fromClient(0, 0));
        const { reply, onward } = talk.drops(fromClient(0, offending));
        checkReply(reply, by, offending.length);
        checkOnward(onward, 0);
        checkOver(talk, by, offending.length);
      });

      test(`IPv${version}: ${minds}, ${by}, first-record: the hello passes, one record back`, () => {
        for (const inSyn of [true, false]) {
          const talk = new Talk(version, { minds: minded, by, when: "first-record" });
          if (inSyn) talk.passes({ seq: CLIENT, payload: offending });
          else talk.open().passes(fromClient(0, offending));
          talk.passes(synAck(inSyn ? offending.length : 0));
          talk.passes(fromClient(offending.length, 30));
          const answer = makeHello({ length: 127 });
          const flight = Uint8Array.of(...answer, 20, 3, 3, 0, 1, 1, 23, 3, 3);
          talk.passes(fromServer(0, 0, { flags: ACK }));
          talk.cuts(fromServer(0, flight, { flags: PSH | FIN | ACK }), answer);
          talk.cuts(fromServer(0, flight), answer);
          talk.cuts(fromServer(0, answer, { flags: PSH | FIN | ACK }), answer);
          talk.passes(fromServer(0, answer));
          talk.passes(fromServer(127, 0, { flags: ACK }));
          assert.deepEqual(talk.drops(fromServer(127, 1448)), { drop: true });
          assert.deepEqual(talk.drops(fromServer(1575, 0, { flags: FIN | ACK })), { drop: true });

          talk.passes(fromClient(offending.length, 30)); // It has not seen the record.
          const end = offending.length + 30;
          talk.passes(fromClient(end, 0, { flags: RST | ACK, ack: SERVER + 1 + 127 }));
          const { reply, onward } = talk.drops(fromClient(end, 0, { ack: SERVER + 1 + 127 }));
          if (by === "silence") assert.equal(reply, undefined);
          else checkReply(reply, by, end, 127);
          checkOnward(onward, end, SERVER + 1 + 127);
          checkOver(talk, by, end, 127);
        }
      });
    }

    test(`IPv${version}: ${minds}: wherever the hello is split`, () => {
      for (let at = 1; at < offending.length; at++) {
        const talk = new Talk(version, { minds: minded, by: "reset" }).open();
        const [front, back] = [offending.subarray(0, at), offending.subarray(at)];
        // What comes too soon waits for the front.
        assert.deepEqual(talk.drops(fromClient(at, back)), { drop: true });
        const knownAt = { "no-session-id": 44, ticket: offending.length - 6, large: 5 }[minds];
        if (at >= (knownAt ?? offending.length - 14)) {
          checkOnward(talk.drops(fromClient(0, front)).onward, 0);
        } else {
          talk.passes(fromClient(0, front));
          talk.passes(fromClient(0, front));
          const { reply, onward } = talk.drops(fromClient(at, back));
          checkReply(reply, "reset", 0);
          checkOnward(onward, at);
        }
        checkOver(talk, "reset", offending.length);
      }
    });
  }

  test(`IPv${version}: a real client's ticket and early data`, () => {
    for (const minds of ["ticket", "early-data"] as const) {
      const talk = new Talk(version, { minds, by: "silence" }).open();
      checkReply(talk.drops(fromClient(0, realFlight)).reply, "silence", realFlight.length);
    }
    const talk = new Talk(version, { minds: "no-session-id", by: "silence" }).open();
    talk.passes(fromClient(0, realFlight));
  });

  test(`IPv${version}: a hello behind the SYN's part of it, which the server took or not`, () => {
    for (const taken of [true, false]) {
      const talk = new Talk(version, { minds: "ticket", by: "close" });
      talk.passes({ seq: CLIENT, payload: realFlight.subarray(0, 200) });
      talk.passes({ seq: CLIENT }); // It comes again when the SYN-ACK was late.
      talk.passes(synAck(taken ? 200 : 0));
      const from = taken ? 200 : 0;
      const { reply, onward } = talk.drops(fromClient(from, realFlight.subarray(from)));
      checkReply(reply, "close", realFlight.length);
      checkOnward(onward, from);
    }
  });

  test(`IPv${version}: large is what a packet like the first one can't hold`, () => {
    const headers = version === 4 ? 40 : 60;
    for (const options of [[], TIMESTAMPS]) {
      const room = 1500 - headers - options.length;
      for (const length of [room, room + 1]) {
        const talk = new Talk(version, { minds: "large", by: "reset" }).open();
        const parts = fromClient(0, makeHello({ length }).subarray(0, 1000), { options });
        if (length > room) checkReply(talk.drops(parts).reply, "reset", 0);
        else talk.passes(parts);
        const syn = { seq: CLIENT, payload: makeHello({ length }), options };
        const fresh = new Talk(version, { minds: "large", by: "reset" });
        if (length > room) fresh.cuts(syn, new Uint8Array(0));
        else fresh.passes(syn);
      }
    }
    for (const length of [300, 301]) {
      const talk = new Talk(version, { minds: "large", largerThan: 300, by: "reset" }).open();
      const parts = fromClient(0, makeHello({ length }).subarray(0, 5));
      if (length > 300) checkReply(talk.drops(parts).reply, "reset", 0);
      else talk.passes(parts);
    }
  });

  test(`IPv${version}: a first record in several packets passes whole`, () => {
    const talk = new Talk(version, { minds: "ticket", by: "close", when: "first-record" }).open();
    talk.passes(fromClient(0, realFlight));
    const record = makeHello({ length: 3000 });
    assert.deepEqual(talk.drops(fromServer(1448, record.subarray(1448))), { drop: true }, "a gap");
    talk.passes(fromServer(0, record.subarray(0, 3)));
    talk.passes(fromServer(3, record.subarray(3, 1448)));
    talk.passes(fromClient(REAL_HELLO, 0, { ack: SERVER + 1 + 1448 }));
    talk.passes(fromServer(1448, record.subarray(1448, 2896)));
    talk.cuts(fromServer(2896, 1448), new Uint8Array(104).fill(0x78));
    talk.passes(fromClient(REAL_HELLO, 0, { ack: SERVER + 1 + 2999 }));
    const acknowledged = fromClient(realFlight.length, 0, { ack: SERVER + 1 + 3000 });
    checkReply(talk.drops(acknowledged).reply, "close", realFlight.length, 3000);
  });
}

test("what is no hello passes, and so does a connection older than the box", () => {
  const box = { minds: "ticket", by: "reset" } as const;
  const other = new Talk(4, box).open();
  other.passes(fromClient(0, new TextEncoder().encode("EHLO there\r\n")));
  other.passes(fromClient(12, realFlight));

  const older = new Talk(4, box);
  older.passes(fromClient(0, realFlight));
  older.passes(fromServer(0, 100));
});

test("a hello that never ends is let through", () => {
  const talk = new Talk(4, { minds: "ticket", by: "reset" }).open();
  const hello = makeHello({ length: 9000, extensions: [41] });
  for (let at = 0; at < hello.length; at += 1448) {
    talk.passes(fromClient(at, hello.subarray(at, at + 1448)));
  }
});

test("connections are told apart, and the oldest of very many is forgotten", () => {
  const talk = new Talk(4, { minds: "ticket", by: "reset" });
  const open = (clientPort: number, seq = CLIENT) => talk.passes({ seq, clientPort });
  for (let clientPort = 1; clientPort <= 1024; clientPort++) open(clientPort);
  open(1, CLIENT - 9); // A new connection from the same port is no longer the oldest.
  open(1025);
  talk.passes(fromClient(0, realFlight, { clientPort: 2 }));
  talk.drops(fromClient(-9, realFlight, { clientPort: 1 }));
  for (const clientPort of [3, 4, 1025]) talk.drops(fromClient(0, realFlight, { clientPort }));
});

test("what two boxes know is their own", () => {
  const box = { kind: "mind-hello", minds: "ticket", by: "reset" } as const;
  const [first, second] = [judge([box]), judge([box])];
  first(tcpPacket({ seq: CLIENT }));
  const hello = tcpPacket(fromClient(0, realFlight));
  assert.equal(second(hello), hello);
  assert.notEqual(first(hello), hello);
});

test("nonsense is refused", () => {
  const good = { kind: "mind-hello", minds: "large", by: "reset" } as const;
  judge([good, { ...good, largerThan: 300, when: "first-record" }]);
  const spoiled = [{ minds: "teapot" }, { by: "teapot" }, { when: "teapot" }] as const;
  for (const part of [...spoiled, { minds: "ticket", largerThan: 9 }]) {
    assert.throws(() => judge([{ ...good, ...part } as never]), /no such middlebox: .*mind-hello/);
  }
});
