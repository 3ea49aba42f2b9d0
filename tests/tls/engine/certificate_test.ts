/**
 * Certificates, read from their bytes.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { elementAt, elementsIn } from "../../../base/der.ts";
import { bytesOfBlock, certificateBlocks } from "../../../base/pem.ts";
import { commonNamesOf, readCertificate } from "../../../tls/engine/certificate.ts";
import { aboutRoots, endsChains, factsOf } from "../../../tls/engine/own_roots.ts";
import { weakKey, weakSignature } from "../../../tls/engine/strength.ts";
import { issue, serving } from "../../fixtures/pki.ts";
import { certificates } from "../../peers/certificates.ts";
import { requirePeer } from "../../peers/peer.ts";

const skip = requirePeer("openssl");

test("what is read is what the runtime reads", { skip }, () => {
  const root = issue({ commonName: "Root" });
  const leaf = issue({
    by: root,
    extensions: serving("DNS = a.test", "IP = 192.0.2.1", "IP = ::1"),
  });
  for (const { cert } of [root, leaf]) {
    const native = new X509Certificate(cert);
    const facts = readCertificate(native.raw);
    assert.equal(facts.version, 3);
    assert.equal(facts.from, native.validFromDate.getTime());
    assert.equal(facts.until, native.validToDate.getTime());
    assert.equal(facts.authority, native.ca);
    assert.ok(native.raw.equals(facts.der));
    assert.ok(native.publicKey.export({ type: "spki", format: "der" }).includes(facts.publicKey));
    assert.equal(weakKey(facts, false) ?? weakSignature(facts), undefined);
  }
  const [upper, lower] = [root, leaf].map(({ cert }) => readCertificate(bytesOfBlock(cert)));
  assert.ok(lower!.issuer.equals(upper!.subject));
  assert.ok(!lower!.issuer.equals(lower!.subject));
  assert.deepEqual(lower!.hosts, ["a.test"]);
  assert.deepEqual(lower!.addresses.map((each) => each.toString("hex")), [
    "c0000201",
    "00000000000000000000000000000001",
  ]);
  assert.deepEqual([upper!, lower!].map(endsChains), [true, false]);
});

test("dates are read in both of their forms", { skip }, () => {
  // From 2050 on a date has four digits for the year.
  const { cert } = issue({ days: 365 * 40 });
  const { until } = readCertificate(bytesOfBlock(cert));
  assert.equal(until, new X509Certificate(cert).validToDate.getTime());
  assert.ok(until > Date.parse("2060-01-01"));
});

test("common names are those of the subject, in its order", { skip }, () => {
  const { cert } = issue({ commonName: "first.test/O=Example/CN=second.test/OU=Unit" });
  assert.deepEqual(commonNamesOf(readCertificate(bytesOfBlock(cert))), [
    "first.test",
    "second.test",
  ]);
});

test("bytes that are no certificate end in an error, whatever they are", { skip }, () => {
  const der = bytesOfBlock(certificates().server.leaf);
  for (let length = 0; length < der.length; length++) {
    assert.throws(() => readCertificate(der.subarray(0, length)), RangeError);
  }
  for (let at = 0; at < der.length; at++) {
    for (const flipped of [1, 0x80, 0xff]) {
      try {
        readCertificate(Uint8Array.from(der).with(at, der[at]! ^ flipped));
      } catch (error) {
        assert.ok(error instanceof RangeError, `byte ${at} ^ ${flipped}: ${error}`);
      }
    }
  }
  assert.throws(() => elementAt(Buffer.of(0x30, 0x80, 0, 0)), RangeError);
  assert.throws(() => elementsIn(Buffer.of(2, 1)), RangeError);
  assert.equal(factsOf("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"), undefined);
});

test("blocks are found whatever stands around them", { skip }, () => {
  const { leaf, cert } = certificates().server;
  assert.equal(certificateBlocks(cert).length, 2);
  const text = `Bag Attributes\n${leaf.replaceAll("\n", "\r\n")}\0${leaf}`;
  const [first, second, ...others] = certificateBlocks(text).map(bytesOfBlock);
  assert.equal(others.length, 0);
  assert.ok(first!.equals(second!));
  assert.deepEqual(certificateBlocks("no certificate"), []);
});

test("advice on caCerts is given where it helps", { skip }, () => {
  const { ca, intermediate, server, selfSigned } = certificates();
  assert.equal(aboutRoots([ca, intermediate, selfSigned.leaf]), "");
  assert.match(aboutRoots([server.leaf]), /pass the certificate that issued it/);
  assert.match(aboutRoots([ca + server.leaf]), /pass the certificate that issued it/);
  assert.equal(aboutRoots(["what is no certificate"]), "");
});
