/**
 * The engine on the runtime's own TLS: what it can do, what it can't, and that it says so.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { createServer, type Server } from "node:tls";
import {
  connect,
  connectTls,
  type ConnectTlsOptions,
  fastOpenSupport,
  listenTls,
  MemorySessionStore,
  startTls,
  type StoredSession,
  TlsError,
} from "../../../../mod.ts";
import { runtime } from "../../../../runtimes/mod.ts";
import type { ClientConfig } from "../../../../tls/engine/contract.ts";
import { features, featuresOf } from "../../../../tls/engine/features.ts";
import { runtimeClient } from "../../../../tls/engine/node_tls/client.ts";
import { AlertWatch, Overheard } from "../../../../tls/engine/node_tls/overheard.ts";
import {
  lifetimeOf,
  packSession,
  unpackSession,
} from "../../../../tls/engine/node_tls/packed_session.ts";
import { askChild, runtimeName } from "../../../fixtures/hostile_child.ts";
import type { Permitted } from "../../../fixtures/hostile_permitted.ts";
import { hellosWithCookie } from "../../../fixtures/hellos.ts";
import { netlabSkip } from "../../../netlab/mod.ts";
import { certificates } from "../../../peers/certificates.ts";
import { ask, encode, type LocalOptions, open, readText } from "../../../peers/exchange.ts";
import { httpRequest } from "../../../peers/http.ts";
import { startNginx } from "../../../peers/nginx.ts";
import { startOpensslServer } from "../../../peers/openssl_server.ts";
import { requirePeer } from "../../../peers/peer.ts";
import { succeeded } from "../../../peers/remote_client.ts";
import { startScene } from "../../../peers/scene.ts";

const skip = requirePeer("nginx", "openssl");
const skipNetlab = netlabSkip() || skip;
const can = featuresOf("runtime");
const engine = "runtime" as const;

/** No SYN over Ethernet has less room: that of IPv6. */
const SYN_ROOM = 1400;

function configOf(config: Partial<ClientConfig> = {}): ClientConfig {
  return {
    hostname: "www.example.com",
    port: 443,
    serverName: "www.example.com",
    verifyName: true,
    caCerts: undefined,
    cert: undefined,
    key: undefined,
    passphrase: undefined,
    postHandshakeAuth: false,
    alpnProtocols: ["h2", "http/1.1"],
    minVersion: "TLSv1.2",
    maxVersion: "TLSv1.3",
    groups: undefined,
    hello: config.keyShare === undefined ? "full" : "single-share",
    keyShare: undefined,
    ridesInSyn: true,
    session: undefined,
    onTicket: undefined,
    keyLog: undefined,
    ...config,
  };
}

async function helloOf(config: Partial<ClientConfig>): Promise<Uint8Array> {
  const client = runtimeClient(configOf(config));
  try {
    return await client.start();
  } finally {
    client.free();
  }
}

test("the hello is there before there is a socket, whole and in one record", async () => {
  const hello = await helloOf({});
  const [type, , , high = 0, low = 0] = hello;
  assert.equal(type, 22);
  assert.equal(hello.length, 5 + (high << 8 | low));
});

for (const keyShare of ["x25519", "secp256r1", "secp384r1", "X25519MLKEM768"]) {
  test(`a hello with a share for ${keyShare} fits the SYN`, async () => {
    if (!can.groups) assert.ok((await helloOf({ keyShare })).length < SYN_ROOM);
    else {
      const full = await helloOf({ keyShare });
      const lean = await helloOf({ keyShare, hello: "lean" });
      const post = keyShare.includes("MLKEM");
      assert.equal(full.length > SYN_ROOM, post, `${full.length} bytes`);
      assert.ok(lean.length < SYN_ROOM && lean.length > (post ? 1216 : 0), `${lean.length} bytes`);
    }
  });
}

test("auto takes OpenSSL where it is; each engine can be had by name", { skip }, async () => {
  await using nginx = await startNginx();
  for (
    const [asked, got] of [
      [undefined, "openssl"],
      ["auto", "openssl"],
      ["openssl", "openssl"],
      ["runtime", "runtime"],
    ] as const
  ) {
    const { ca } = certificates();
    using conn = await connectTls({
      ...{ hostname: "127.0.0.1", port: nginx.port, caCerts: [ca], sessions: false },
      ...(asked ? { engine: asked } : {}),
    });
    assert.equal(conn.engine, got);
    assert.ok(conn.warnings.every(({ code }) => code !== "ENGINE_FALLBACK"));
  }
});

test("the table of features is what fastOpenSupport tells", () => {
  assert.deepEqual(fastOpenSupport().engines, {
    openssl: features.openssl,
    runtime: features.runtime[runtimeName],
  });
});

const demands: readonly (readonly [keyof typeof can, Partial<ConnectTlsOptions>])[] = [
  ["earlyData", { earlyData: encode("early") }],
  ["resumption", { sessions: new MemorySessionStore() }],
  ["keyLog", { keyLog: () => {} }],
  ["groups", { groups: ["x25519"] }],
  ["postHandshakeAuth", { postHandshakeAuth: true }],
];

for (const [feature, options] of demands) {
  const what = Object.keys(options).join();
  const outcome = can[feature] ? "is done" : "is FEATURE_UNAVAILABLE";
  test(`${what} by the runtime's own TLS ${outcome}`, { skip }, async () => {
    await using nginx = await startNginx();
    const opening = open({ port: nginx.port, engine, sessions: false, ...options });
    if (can[feature]) return (await opening).close();
    await assert.rejects(opening, (error) => {
      assert.ok(error instanceof TlsError);
      assert.equal(error.code, "FEATURE_UNAVAILABLE");
      assert.equal(error.hostname, "127.0.0.1");
      assert.match(error.message, new RegExp(`^Option "${what}".*leave out engine: "runtime"`));
      return true;
    });
  });
}

test("a client's certificate is read whatever its label, and whatever stands around it", {
  skip,
}, async () => {
  const { ca, caPath, client: { cert, key } } = certificates();
  const strict = ["-Verify", "3", "-CAfile", caPath, "-verify_return_error"];
  await using server = await startOpensslServer(strict);
  const trusted = execFileSync("openssl", ["x509", "-trustout", "-addtrust", "clientAuth"], {
    input: cert,
    encoding: "utf8",
  });
  const [leaf = "", ...issuers] = cert.match(/-----BEGIN[^]*?-----END .*-----\n/g) ?? [];
  const labelled = leaf.replaceAll("CERTIFICATE", "X509 CERTIFICATE");
  for (const first of [labelled, trusted, `\0${leaf}`]) {
    const identity = { cert: first + issuers.join(""), key };
    using conn = await open({ port: server.port, engine, caCerts: [ca], ...identity });
    await conn.write(encode("it is me\n"));
    await server.saw(/^it is me$/m);
  }
});

test("a listener by the runtime's own TLS is FEATURE_UNAVAILABLE", () => {
  const { cert, key } = certificates().server;
  assert.throws(() => listenTls({ hostname: "127.0.0.1", port: 0, cert, key, engine }), {
    name: "TlsError",
    code: "FEATURE_UNAVAILABLE",
  });
});

test("a group that nobody knows is INVALID_OPTION", { skip }, async () => {
  if (!can.groups) return;
  await using nginx = await startNginx();
  await assert.rejects(open({ port: nginx.port, engine, groups: ["nonsense"] }), {
    name: "OptionError",
    code: "INVALID_OPTION",
  });
});

test("groups are those listed, with a share for the first", { skip }, async () => {
  if (!can.groups) return;
  await using nginx = await startNginx();
  for (const group of ["secp384r1", "secp256r1", "x25519"]) {
    using conn = await open({ port: nginx.port, engine, groups: [group], sessions: false });
    assert.equal(conn.group, group);
  }
});

/** A store that tells its sessions apart by their keys. */
class WatchedStore extends MemorySessionStore {
  readonly kept: [key: string, StoredSession][] = [];
  readonly asked: string[] = [];

  override put(key: string, session: StoredSession): void {
    this.kept.push([key, session]);
    super.put(key, session);
  }

  override take(key: string): StoredSession | undefined {
    this.asked.push(key);
    return super.take(key);
  }
}

test("a session of one engine is never offered to the other", { skip }, async () => {
  if (!can.resumption) return;
  await using nginx = await startNginx();
  const sessions = new WatchedStore();
  const by = async (name: "openssl" | "runtime") => {
    const { conn } = await ask({ port: nginx.port, engine: name, sessions });
    return conn.resumed;
  };
  assert.deepEqual([await by("openssl"), await by("runtime")], [false, false]);
  assert.deepEqual([await by("openssl"), await by("runtime")], [true, true]);
  const keysOf = (engine: "openssl" | "runtime") =>
    sessions.asked.filter((_, index) => {
      return index % 2 === (engine === "openssl" ? 0 : 1);
    });
  assert.equal(new Set(keysOf("openssl")).size, 1);
  assert.equal(new Set(keysOf("runtime")).size, 1);
  assert.notEqual(keysOf("openssl")[0], keysOf("runtime")[0]);
});

test("a resumed connection knows its peer's certificate", { skip }, async () => {
  if (!can.resumption) return;
  await using nginx = await startNginx();
  const sessions = new MemorySessionStore();
  const leaf = new X509Certificate(certificates().server.leaf).raw;
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    for (const resumed of [false, true, true]) {
      const { conn } = await ask({ port: nginx.port, engine, sessions, maxVersion });
      assert.equal(conn.resumed, resumed);
      assert.ok(conn.peerCertificate && leaf.equals(conn.peerCertificate));
    }
  }
});

test("a session lives as long as the server says, which is nginx's hour", {
  skip,
}, async () => {
  if (!can.resumption) return;
  await using nginx = await startNginx();
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const sessions = new WatchedStore();
    await ask({ port: nginx.port, engine, sessions, maxVersion });
    const minutes = sessions.kept.map(([, { expires }]) => (expires - Date.now()) / 60_000);
    assert.ok(minutes.length > 0 && minutes.every((each) => each > 59 && each <= 60), `${minutes}`);
  }
});

test("a session that was packed comes back whole, or not at all", () => {
  const kept = { session: encode("a session"), certificate: encode("a certificate") };
  const packed = packSession(kept);
  const { session, certificate } = unpackSession(packed)!;
  assert.deepEqual([new Uint8Array(session), new Uint8Array(certificate)], Object.values(kept));
  for (let index = 0; index < packed.length; index++) {
    assert.equal(unpackSession(packed.subarray(0, index)), undefined);
    assert.equal(unpackSession(packed.with(index, packed[index]! ^ 1)), undefined);
  }
  assert.ok(lifetimeOf(encode("a session")) > 0);
});

/** A server of the runtime's own TLS, which may know groups that the system's OpenSSL does not. */
async function startOwnServer(options: object): Promise<{ server: Server; port: number }> {
  const { cert, key } = certificates().server;
  const server = createServer({ cert, key, ...options }, (socket) => {
    socket.on("error", () => {}).end("hello");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, port: (server.address() as { port: number }).port };
}

test("a post-quantum group is learned", { skip }, async () => {
  if (!can.groups) return;
  const { server, port } = await startOwnServer({ ecdhCurve: "X25519MLKEM768" });
  try {
    for (let round = 0; round < 3; round++) {
      using conn = await open({ port, engine, sessions: false });
      assert.equal(await readText(conn), "hello");
      assert.equal(conn.group, "X25519MLKEM768");
      if (round > 0) assert.deepEqual(conn.warnings, []);
    }
  } finally {
    server.close();
  }
});

test("a server that has unlearned it is asked again", { skip }, async () => {
  if (!can.groups) return;
  const learned = await startOwnServer({ ecdhCurve: "X25519MLKEM768" });
  for (let round = 0; round < 2; round++) {
    (await open({ port: learned.port, engine, sessions: false })).close();
  }
  learned.server.close();
  await once(learned.server, "close");
  const { cert, key } = certificates().server;
  const unlearned = createServer({ cert, key, ecdhCurve: "P-256", maxVersion: "TLSv1.2" });
  unlearned.on("tlsClientError", () => {});
  unlearned.listen(learned.port, "127.0.0.1");
  await once(unlearned, "listening");
  try {
    using conn = await open({ port: learned.port, engine, sessions: false });
    assert.deepEqual([conn.protocol, conn.group], ["TLSv1.2", "secp256r1"]);
  } finally {
    unlearned.close();
  }
});

test("the environment can't switch the verification off", { skip }, async () => {
  await using nginx = await startNginx({ identity: certificates().untrusted });
  const { ca } = certificates();
  const options = { hostname: "127.0.0.1", port: nginx.port, caCerts: [ca], engine };
  const what = JSON.stringify({ call: "connectTls", options });
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };
  const { name, code } = await askChild<Permitted>("permitted", [what], { env });
  assert.equal(name, "TlsError");
  assert.match(`${code}`, /^(CERT_INVALID|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)$/);
});

test("caCerts are instead of the runtime's roots, not beside them", { skip }, async () => {
  await using nginx = await startNginx();
  const { caPath, untrusted, ca } = certificates();
  const env = { NODE_EXTRA_CA_CERTS: caPath, DENO_CERT: caPath };
  const verdict = async (options: Partial<LocalOptions>) => {
    const whole = { hostname: "127.0.0.1", port: nginx.port, engine, ...options };
    const what = JSON.stringify({ call: "connectTls", options: whole });
    const { value, code } = await askChild<Permitted>("permitted", [what], { env });
    return value ? "connects" : code;
  };
  assert.equal(await verdict({}), "connects");
  assert.equal(await verdict({ caCerts: [ca] }), "connects");
  assert.notEqual(await verdict({ caCerts: [untrusted.leaf] }), "connects");
});

test("startTls uses it as well", { skip }, async () => {
  await using nginx = await startNginx();
  const plain = await connect({ hostname: "127.0.0.1", port: nginx.port });
  using conn = await startTls(plain, { engine, caCerts: [certificates().ca], sessions: false });
  assert.equal(conn.engine, "runtime");
  await conn.write(encode(httpRequest("/facts")));
  assert.match(await readText(conn), /^HTTP\/1\.1 200 OK/);
});

for (const family of ["ipv4", "ipv6"] as const) {
  test(`over ${family} its whole hello rides in the SYN`, { skip: skipNetlab }, async () => {
    for await (const { answer, synPayload } of hellosWithCookie(family, { engine })) {
      const { fastOpen, group, warnings } = answer;
      // Node's OpenSSL, which is the server's, has post-quantum key exchange.
      assert.equal(group, runtime.exportsOpenssl ? "X25519MLKEM768" : "x25519");
      if (fastOpen.outcome === "cookie-requested") continue;
      assert.equal(fastOpen.synBytes, fastOpen.flightBytes);
      assert.equal(synPayload, fastOpen.synBytes);
      assert.deepEqual(warnings, []);
    }
  });
}

test("a path that loses SYNs with data is worked around", { skip: skipNetlab }, async () => {
  await using scene = await startScene();
  const { lab, client } = scene;
  const options = { hostname: lab.server.ipv4, sessions: false as const, engine };
  const send = httpRequest("/facts");
  succeeded(await client.connectTls(options, { send }));
  await lab.setMiddleboxes([{ kind: "drop-syn-data" }]);
  const { fastOpen } = succeeded(await client.connectTls(options, { send }));
  assert.equal(fastOpen.outcome, "blocked");
});

test("what is said in the clear is heard in pieces of any size", () => {
  const hello = [
    ...[2, 0, 0, 46, 3, 3, ...new Uint8Array(32), 0, 0x13, 0x01, 0, 0, 6],
    ...[0, 51, 0, 2, 0, 29],
  ];
  const record = (type: number, bytes: number[]) => [type, 3, 3, 0, bytes.length, ...bytes];
  const whole = Uint8Array.from([
    ...record(22, hello.slice(0, 20)),
    ...record(22, hello.slice(20)),
    ...record(21, [1, 112]), // A warning, which ends nothing.
    ...record(21, [2, 40]),
    ...record(23, [1, 2, 3]),
    ...record(21, [2, 70]),
  ]);
  for (const size of [1, 2, 7, 40, whole.length]) {
    const overheard = new Overheard();
    for (let at = 0; at < whole.length; at += size) overheard.hear(whole.subarray(at, at + size));
    assert.deepEqual([overheard.group, overheard.alert], ["x25519", 40], `in pieces of ${size}`);
  }
  const sent = Uint8Array.from([
    ...record(22, [1, 2, 3]),
    ...record(23, [21, 21, 21, 21, 21, 21, 21, 21, 21]), // What looks like an alert inside of data.
    ...record(21, [9, 9, 9, 9]),
    ...record(23, []),
    ...record(23, [21]),
  ]);
  for (const size of [1, 2, 4, 5, 6, 13, sent.length]) {
    const watch = new AlertWatch();
    const heard: number[] = [];
    for (let at = 0; at < sent.length; at += size) {
      if (watch.hear(sent.subarray(at, at + size))) heard.push(at + size);
    }
    const header = 8 + 14 + 5; // It is known for an alert when its header is complete.
    assert.deepEqual(heard, [Math.ceil(header / size) * size], `in pieces of ${size}`);
  }
  const garbage = Uint8Array.from({ length: 5_000 }, (_, index) => (index * 7919 + 22) & 0xff);
  for (let start = 0; start < 300; start++) new Overheard().hear(garbage.subarray(start));
});
