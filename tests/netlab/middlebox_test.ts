import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddress } from "./address.ts";
import { checksumsHold, plainResidue, segmentResidue } from "./checksum.ts";
import {
  COOKIE,
  EXPERIMENTAL_COOKIE,
  EXPERIMENTAL_REQUEST,
  realSyn6,
  realSynAck,
  REQUEST,
  tcpPacket,
} from "./fixtures/packets.ts";
import { judge, type Middlebox } from "./middlebox.ts";
import {
  ACK,
  fastOpenOption,
  parseTcp,
  PSH,
  RST,
  SYN,
  tcpOffset,
  tcpOptions,
  u16,
  u32,
} from "./packet.ts";

const VERSIONS = [4, 6] as const;
const MSS = [2, 4, 0x05, 0xb4];

/** Puts a packet through boxes, of which it must come out. */
function pass(packet: Uint8Array, ...boxes: Middlebox[]): Uint8Array {
  const before = packet.slice();
  const verdict = judge(boxes)(packet);
  assert.ok(verdict instanceof Uint8Array, "dropped");
  assert.deepEqual(packet, before, "the packet itself must stay as it is");
  assert.ok(checksumsHold(verdict));
  return verdict;
}

/** Puts a packet through a box that must drop it, and returns the box's answer. */
function drop(packet: Uint8Array, ...boxes: Middlebox[]): Uint8Array | undefined {
  const verdict = judge(boxes)(packet);
  assert.ok(!(verdict instanceof Uint8Array), "passed");
  return verdict.reply;
}

for (const version of VERSIONS) {
  const synWithData = tcpPacket({ version, options: [...MSS, ...COOKIE], payload: 333 });
  const bareSyn = tcpPacket({ version, options: [...MSS, ...COOKIE] });
  const synAckWithData = tcpPacket({ version, flags: SYN | ACK, options: COOKIE, payload: 9 });
  const data = tcpPacket({ version, flags: PSH | ACK, payload: 333 });

  for (const kind of ["drop-syn-data", "strip-syn-data", "reset-syn-data"] as const) {
    test(`IPv${version}: ${kind} leaves other packets alone`, () => {
      for (const packet of [bareSyn, synAckWithData, data]) {
        assert.equal(pass(packet, { kind }), packet);
      }
    });
  }

  test(`IPv${version}: drop-syn-data`, () => {
    assert.equal(drop(synWithData, { kind: "drop-syn-data" }), undefined);
  });

  test(`IPv${version}: strip-syn-data cuts the data and nothing else`, () => {
    assert.deepEqual(pass(synWithData, { kind: "strip-syn-data" }), bareSyn);
  });

  test(`IPv${version}: reset-syn-data answers for the server`, () => {
    const reply = drop(synWithData, { kind: "reset-syn-data" });
    assert.ok(reply && checksumsHold(reply));
    const { source, destination, ...rest } = parseTcp(reply)!;
    const asked = parseTcp(synWithData)!;
    assert.deepEqual(source, asked.destination);
    assert.deepEqual(destination, asked.source);
    assert.deepEqual(rest, {
      sourcePort: 443,
      destinationPort: 40000,
      seq: 0,
      ack: 1000 + 1 + 333,
      flags: RST | ACK,
      payload: 0,
    });
  });

  test(`IPv${version}: the reset's number wraps around`, () => {
    const packet = tcpPacket({ version, seq: 0xffffffff, payload: 1 });
    const reply = drop(packet, { kind: "reset-syn-data" });
    assert.equal(parseTcp(reply!)?.ack, 1);
  });

  test(`IPv${version}: drop-option takes SYNs that ask for a cookie or carry one`, () => {
    for (const option of [REQUEST, EXPERIMENTAL_REQUEST, COOKIE, EXPERIMENTAL_COOKIE]) {
      for (const payload of [0, 333]) {
        const packet = tcpPacket({ version, options: [...MSS, ...option], payload });
        assert.equal(drop(packet, { kind: "drop-option" }), undefined);
      }
    }
    const otherExperiment = tcpPacket({ version, options: [254, 4, 0x12, 0x34], payload: 333 });
    const plainSyn = tcpPacket({ version, options: MSS, payload: 333 });
    for (const packet of [otherExperiment, plainSyn, synAckWithData, data]) {
      assert.equal(pass(packet, { kind: "drop-option" }), packet);
    }
  });

  test(`IPv${version}: strip-option hides both spellings from SYNs only`, () => {
    for (const cookie of [COOKIE, EXPERIMENTAL_COOKIE]) {
      const packet = tcpPacket({ version, options: [...MSS, ...cookie], payload: 333 });
      const passed = pass(packet, { kind: "strip-option" });
      const tcp = tcpOffset(passed);
      assert.equal(fastOpenOption(passed, tcp), undefined);
      assert.deepEqual(tcpOptions(passed, tcp).map(({ kind }) => kind), [2]);
      assert.equal(parseTcp(passed)?.payload, 333);
    }
    assert.equal(pass(synAckWithData, { kind: "strip-option" }), synAckWithData);
  });

  test(`IPv${version}: strip-synack-option hides it from SYN-ACKs only`, () => {
    const passed = pass(synAckWithData, { kind: "strip-synack-option" });
    assert.equal(fastOpenOption(passed, tcpOffset(passed)), undefined);
    assert.equal(pass(bareSyn, { kind: "strip-synack-option" }), bareSyn);
  });

  test(`IPv${version}: clamp-mss lowers, never raises`, () => {
    for (const flags of [SYN, SYN | ACK]) {
      const packet = tcpPacket({ version, flags, options: MSS });
      const passed = pass(packet, { kind: "clamp-mss", mss: 1000 });
      assert.equal(u16(passed, tcpOffset(passed) + 22), 1000);
      assert.equal(pass(packet, { kind: "clamp-mss", mss: 1460 }), packet);
    }
    assert.equal(pass(data, { kind: "clamp-mss", mss: 1000 }), data);
  });

  test(`IPv${version}: mtu drops what is larger and says so`, () => {
    const mtu = 1280;
    const headers = version === 4 ? 40 : 60;
    const fitting = tcpPacket({ version, flags: ACK, payload: mtu - headers });
    assert.equal(pass(fitting, { kind: "mtu", mtu }), fitting);

    const large = tcpPacket({ version, flags: ACK, payload: mtu - headers + 1 });
    const reply = drop(large, { kind: "mtu", mtu });
    assert.ok(reply);
    const icmp = version === 4 ? 20 : 40;
    assert.deepEqual([...reply.subarray(icmp, icmp + 2)], version === 4 ? [3, 4] : [2, 0]);
    assert.equal(u32(reply, icmp + 4), mtu);
    const quote = reply.subarray(icmp + 8);
    assert.deepEqual(quote, large.subarray(0, quote.length));
    assert.equal(reply.length, version === 4 ? 576 : 1280);
    const destination = version === 4 ? reply.subarray(16, 20) : reply.subarray(24, 40);
    assert.deepEqual(destination, parseTcp(large)?.source);
    if (version === 4) {
      assert.equal(plainResidue(reply.subarray(0, icmp)), 0);
      assert.equal(plainResidue(reply.subarray(icmp)), 0);
    } else {
      assert.equal(segmentResidue(reply, icmp, 58), 0);
    }
  });

  test(`IPv${version}: blackhole goes by destination`, () => {
    const { source, destination } = parseTcp(data)!;
    assert.equal(
      drop(data, { kind: "blackhole", destination: formatAddress(destination) }),
      undefined,
    );
    assert.equal(pass(data, { kind: "blackhole", destination: formatAddress(source) }), data);
  });
}

test("a kernel's packets come out right", () => {
  pass(realSynAck, { kind: "strip-synack-option" }, { kind: "clamp-mss", mss: 536 });
  pass(realSyn6, { kind: "strip-option" }, { kind: "clamp-mss", mss: 536 });
});

test("loss takes its share, and the same packets for the same seed", () => {
  const packet = tcpPacket({ flags: ACK });
  const fates = (box: Middlebox) => {
    const rule = judge([box]);
    return Array.from({ length: 10_000 }, () => rule(packet) === packet);
  };
  const first = fates({ kind: "loss", share: 0.1 });
  const lost = first.filter((passed) => !passed).length;
  assert.ok(lost > 900 && lost < 1100, `${lost} of 10,000`);
  assert.deepEqual(fates({ kind: "loss", share: 0.1, seed: 1 }), first);
  assert.notDeepEqual(fates({ kind: "loss", share: 0.1, seed: 2 }), first);
  assert.ok(fates({ kind: "loss", share: 0 }).every((passed) => passed));
  assert.ok(!fates({ kind: "loss", share: 1 }).some((passed) => passed));
});

test("boxes apply in order, each to what the one before let through", () => {
  const packet = tcpPacket({ options: COOKIE, payload: 5 });
  const stripped = pass(packet, { kind: "strip-syn-data" }, { kind: "drop-syn-data" });
  assert.equal(parseTcp(stripped)?.payload, 0);
  drop(packet, { kind: "drop-syn-data" }, { kind: "strip-syn-data" });
});

test("nonsense is refused", () => {
  assert.throws(() => judge([{ kind: "teapot" } as never]), /no such middlebox: .*teapot/);
  assert.throws(
    () => judge([{ kind: "blackhole", destination: "nowhere" }]),
    /no address: nowhere/,
  );
});
