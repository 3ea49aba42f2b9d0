/**
 * What a ClientHello has in it, and what it has not: the part of several RFCs that anybody on the way can
 * check.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import type { SessionStore, StoredSession } from "../../../mod.ts";
import type { ClientConfig, HelloForm } from "../../../tls/engine/contract.ts";
import { opensslClient } from "../../../tls/engine/openssl/client.ts";
import { startListener, trusting, until, ways } from "../../fixtures/hostile_ways.ts";

/** Extensions by their names in IANA's registry. */
const extensions = {
  truncated_hmac: 4,
  signature_algorithms: 13,
  application_layer_protocol_negotiation: 16,
  extended_master_secret: 23,
  pre_shared_key: 41,
  early_data: 42,
  supported_versions: 43,
  psk_key_exchange_modes: 45,
  key_share: 51,
  renegotiation_info: 0xff01,
} as const;

/** What RFC 8446 calls the fields of a ClientHello (section 4.1.2). */
interface ClientHello {
  readonly legacyVersion: number;
  readonly sessionId: Buffer;
  readonly cipherSuites: readonly number[];
  readonly compressionMethods: readonly number[];
  /** In their order. */
  readonly extensions: ReadonlyMap<number, Buffer>;
}

/** Reads the ClientHello that a flight begins with. */
function parse(flight: Uint8Array): ClientHello {
  const bytes = Buffer.from(flight);
  let at = 5 + 4; // The headers of record and message.
  const take = (length: number) => bytes.subarray(at, at += length);
  const vector = (size: 1 | 2) => take(take(size).readUIntBE(0, size));
  const legacyVersion = take(2).readUInt16BE();
  take(32); // What is random.
  const sessionId = vector(1);
  const cipherSuites = numbersIn(vector(2));
  const compressionMethods = [...vector(1)];
  const end = at + 2 + bytes.readUInt16BE(at);
  const found = new Map<number, Buffer>();
  for (take(2); at < end;) {
    const type = take(2).readUInt16BE();
    assert.ok(!found.has(type), `extension ${type} is there twice`);
    found.set(type, vector(2));
  }
  return { legacyVersion, sessionId, cipherSuites, compressionMethods, extensions: found };
}

/** The numbers of 16 bits in a vector. */
function numbersIn(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readUInt16BE(2 * index));
}

/** A whole flight with a hello of that form. */
function flightOf(
  hello: HelloForm,
  { early, ...config }: Partial<ClientConfig> & { early?: Uint8Array } = {},
): Uint8Array {
  const engine = opensslClient({
    hostname: "localhost",
    port: 443,
    serverName: "localhost",
    verifyName: true,
    caCerts: trusting.caCerts,
    cert: undefined,
    key: undefined,
    passphrase: undefined,
    postHandshakeAuth: false,
    alpnProtocols: ["http/1.1"],
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.3",
    groups: undefined,
    hello,
    keyShare: hello === "full" ? undefined : "x25519",
    ridesInSyn: true,
    session: undefined,
    onTicket: undefined,
    keyLog: undefined,
    ...config,
  });
  try {
    return engine.start(early) as Uint8Array;
  } finally {
    engine.free();
  }
}

const forms = ["full", "single-share", "lean"] as const;

for (const form of forms) {
  test(`a ${form} hello: the fields that earlier versions had say nothing new`, () => {
    const hello = parse(flightOf(form));
    assert.equal(hello.legacyVersion, 0x0303);
    // A middlebox sees a session of TLS 1.2 resumed; a lean hello leaves the disguise out.
    assert.equal(hello.sessionId.length, form === "lean" ? 0 : 32);
    assert.deepEqual(hello.compressionMethods, [0]);
  });

  test(`a ${form} hello offers TLS 1.3, and 1.2 where it may, and nothing before`, () => {
    const versions = parse(flightOf(form)).extensions.get(extensions.supported_versions);
    const expected = form === "lean" ? [0x0304] : [0x0304, 0x0303];
    assert.deepEqual(numbersIn(versions!.subarray(1)), expected);
    const old = parse(flightOf("full", { maxVersion: "TLSv1.2" }));
    assert.equal(old.legacyVersion, 0x0303);
    assert.equal(old.extensions.get(extensions.supported_versions), undefined);
  });

  test(`a ${form} hello says what protects TLS 1.2, where it offers that`, () => {
    const { extensions: found, cipherSuites } = parse(flightOf(form));
    const SCSV = 0x00ff; // Stands for an empty renegotiation_info (RFC 5746, section 3.3).
    const renegotiation = found.has(extensions.renegotiation_info) || cipherSuites.includes(SCSV);
    // A hello for TLS 1.3 alone has no need of either.
    if (form !== "lean") assert.equal(renegotiation, true);
    assert.equal(found.has(extensions.extended_master_secret), form !== "lean");
    assert.equal(found.has(extensions.truncated_hmac), false);
    const SHA256 = [0x0401, 0x0403, 0x0804]; // With PKCS #1, ECDSA and RSA-PSS.
    const algorithms = numbersIn(found.get(extensions.signature_algorithms)!.subarray(2));
    assert.ok(SHA256.every((algorithm) => algorithms.includes(algorithm)));
  });
}

test("no hello offers a suite with a weak cipher, or without one", () => {
  // IANA's numbers: NULL, RC4, 40 bits, DES and 3DES; 0x00ff is none.
  const weak = [
    ...[0x0000, 0x0001, 0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x0008, 0x0009, 0x000a],
    ...[0x0014, 0x0015, 0x0016, 0x0018, 0x003b, 0x00b8, 0x00b9],
    ...[0xc001, 0xc002, 0xc006, 0xc007, 0xc008, 0xc010, 0xc011, 0xc012],
  ];
  for (const form of forms) {
    const { cipherSuites } = parse(flightOf(form));
    assert.deepEqual(cipherSuites.filter((suite) => weak.includes(suite)), []);
    // TLS 1.3's come first, AES-128 before AES-256 and ChaCha20.
    assert.deepEqual(cipherSuites.slice(0, 3), [0x1301, 0x1302, 0x1303]);
  }
});

test("a hello offers suites with forward secrecy alone, CBC last, AES-128-GCM first", () => {
  // IANA's numbers: ECDHE with GCM or ChaCha20, and then with CBC.
  const good = [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8];
  const old = [0xc023, 0xc027, 0xc024, 0xc028, 0xc009, 0xc013, 0xc00a, 0xc014];
  for (const form of forms) {
    const { cipherSuites } = parse(flightOf(form));
    const offered = cipherSuites.filter((suite) => suite >>> 8 !== 0x13 && suite !== 0x00ff);
    assert.deepEqual(offered, form === "lean" ? [] : [...good, ...old]);
  }
});

test("a hello that resumes: with a key share, for that mode alone, the ticket last", async () => {
  const kept: StoredSession[] = [];
  const sessions: SessionStore = { take: () => undefined, put: (_, each) => void kept.push(each) };
  using listener = startListener({ maxEarlyData: 1_000 });
  const accepting = listener.accept();
  using _client = await ways.connectTls(listener.addr.port, { sessions });
  using server = await accepting;
  await server.write(new Uint8Array(1)); // The tickets come before it.
  await until(() => kept.length >= 2);
  for (const early of [undefined, new Uint8Array(10)]) {
    const { session } = kept.pop()!;
    const flight = flightOf("single-share", { session, ...(early ? { early } : {}) });
    const { extensions: found } = parse(flight);
    const [last, tickets] = [...found].at(-1)!;
    assert.equal(last, extensions.pre_shared_key);
    // One alone: the identities have as many bytes as the first of them, its length and its age.
    assert.equal(tickets.readUInt16BE(0), 2 + tickets.readUInt16BE(2) + 4);
    const PSK_DHE_KE = 1;
    assert.deepEqual([...found.get(extensions.psk_key_exchange_modes)!], [1, PSK_DHE_KE]);
    assert.ok(found.get(extensions.key_share)!.length > 32);
    assert.equal(found.has(extensions.early_data), early !== undefined);
  }
});
