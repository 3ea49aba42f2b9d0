import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddress, parseAddress } from "./address.ts";
import { checksumsHold, fixIpChecksum, fixTcpChecksum } from "./checksum.ts";
import { EXPERIMENTAL_COOKIE, realSyn6, realSynAck, tcpPacket } from "./fixtures/packets.ts";
import { ACK, fastOpenOption, parseTcp, SYN, tcpOffset, tcpOptions } from "./packet.ts";

test("a kernel's packets are read as the kernel meant them", () => {
  const synAck = parseTcp(realSynAck);
  assert.ok(synAck);
  assert.equal(formatAddress(synAck.source), "10.77.0.2");
  assert.equal(formatAddress(synAck.destination), "10.77.0.1");
  assert.equal(synAck.sourcePort, 80);
  assert.equal(synAck.destinationPort, 58370);
  assert.equal(synAck.seq, 1835400896);
  assert.equal(synAck.ack, 1865837942);
  assert.equal(synAck.flags, SYN | ACK);
  assert.equal(synAck.payload, 0);

  const syn = parseTcp(realSyn6);
  assert.ok(syn);
  assert.equal(formatAddress(syn.source), "fd77::1");
  assert.equal(syn.destinationPort, 80);
});

test("options: kinds, Fast Open in both spellings", () => {
  const kinds = tcpOptions(realSynAck, tcpOffset(realSynAck)).map(({ kind }) => kind);
  assert.deepEqual(kinds, [2, 4, 8, 3, 34]); // MSS, SACK, timestamps, window scale, Fast Open
  assert.equal(fastOpenOption(realSynAck, tcpOffset(realSynAck))?.cookie, 8);
  assert.equal(fastOpenOption(realSyn6, tcpOffset(realSyn6))?.cookie, 0);

  const experimental = tcpPacket({ options: EXPERIMENTAL_COOKIE });
  assert.equal(fastOpenOption(experimental, 20)?.cookie, 8);
  const otherExperiment = tcpPacket({ options: [254, 4, 0x12, 0x34] });
  assert.equal(fastOpenOption(otherExperiment, 20), undefined);
});

test("malformed options end the list", () => {
  assert.deepEqual(tcpOptions(tcpPacket({ options: [34, 0, 1, 1] }), 20), []);
  assert.deepEqual(tcpOptions(tcpPacket({ options: [1, 34, 9, 1] }), 20), []);
  assert.deepEqual(tcpOptions(tcpPacket({ options: [0, 34, 2, 1] }), 20), []);
});

test("what is not TCP is not read", () => {
  assert.equal(parseTcp(new Uint8Array(0)), undefined);
  const udp = tcpPacket();
  udp[9] = 17;
  assert.equal(parseTcp(udp), undefined);
  const laterFragment = tcpPacket();
  laterFragment[7] = 1;
  assert.equal(parseTcp(laterFragment), undefined);
  assert.equal(parseTcp(tcpPacket().subarray(0, 39)), undefined);
});

test("checksums agree with the kernel's", () => {
  for (const real of [realSynAck, realSyn6]) {
    assert.ok(checksumsHold(real));
    const again = real.slice();
    fixIpChecksum(again);
    fixTcpChecksum(again);
    assert.deepEqual(again, real);
    again[again.length - 1]! ^= 1;
    assert.ok(!checksumsHold(again));
  }
  assert.ok(checksumsHold(tcpPacket({ payload: 7 })), "an odd length");
});

test("addresses: text to bytes and back", () => {
  const texts = [
    "10.77.0.1",
    "::",
    "::1",
    "fd77::1",
    "fd77::",
    "1:0:0:2::3",
    "1:2:3:4:5:6:7:8",
    "1:0:3:4:5:6:7:8",
    "10::100:0:0:1",
  ];
  for (const text of texts) assert.equal(formatAddress(parseAddress(text)), text);
  assert.equal(formatAddress(parseAddress("0:0:1:0:0:0:0:0")), "0:0:1::");
  for (const text of ["", "1.2.3", "1.2.3.256", "1:2", "1::2::3", "g::", "1:2:3:4:5:6:7:8::"]) {
    assert.throws(() => parseAddress(text), TypeError, text);
  }
});
