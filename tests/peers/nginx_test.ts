import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { connectTls, TlsError, type TlsErrorCode } from "../../mod.ts";
import { certificates } from "./certificates.ts";
import { codesOf, engineUnderTest } from "./engine.ts";
import { ask, encode, open, readText } from "./exchange.ts";
import { httpRequest } from "./http.ts";
import { factsIn, startNginx } from "./nginx.ts";
import { requirePeer } from "./peer.ts";
import { test } from "./test.ts";

const skip = requirePeer("nginx", "openssl");

/** What a refused connection is refused with. */
function refusal(code: TlsErrorCode | readonly TlsErrorCode[], alert?: number) {
  return (error: unknown) => {
    assert.ok(error instanceof TlsError);
    assert.ok([code].flat().includes(error.code), error.message);
    if (alert !== undefined) assert.equal(error.alert, alert);
    return true;
  };
}

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  for (const hostname of ["127.0.0.1", "::1", "localhost"]) {
    test(`${version} to ${hostname}: both sides tell the same`, { skip }, async () => {
      await using nginx = await startNginx({ protocols: version });
      const { conn, facts } = await ask({ hostname, port: nginx.port, sessions: false });
      assert.equal(conn.protocol, version);
      assert.equal(facts.protocol, version);
      // nginx has OpenSSL's names, which for TLS 1.2 leave a few words out.
      const short = conn.cipher.replace(/^TLS_(?=ECDHE)/, "").replace("WITH_AES_", "AES");
      assert.equal(facts.cipher.replaceAll("-", "_"), short);
      assert.equal(conn.group?.toLowerCase(), facts.curve.toLowerCase());
      assert.equal(conn.engine, engineUnderTest());
      assert.equal(conn.resumed, false);
      assert.equal(conn.earlyData, "not-sent");
      assert.equal(conn.alpnProtocol, null);
      assert.deepEqual(await conn.handshake(), { alpnProtocol: null });
      assert.deepEqual(
        conn.peerCertificate && new X509Certificate(conn.peerCertificate).fingerprint256,
        new X509Certificate(certificates().server.leaf).fingerprint256,
      );
    });
  }
}

test("minVersion and maxVersion bound the protocol", { skip }, async () => {
  await using both = await startNginx();
  await using old = await startNginx({ protocols: "TLSv1.2" });
  await using young = await startNginx({ protocols: "TLSv1.3" });
  const low = { maxVersion: "TLSv1.2", sessions: false } as const;
  const high = { minVersion: "TLSv1.3", sessions: false } as const;
  const either = { sessions: false } as const;
  assert.equal((await ask({ port: both.port, ...either })).conn.protocol, "TLSv1.3");
  assert.equal((await ask({ port: both.port, ...low })).conn.protocol, "TLSv1.2");
  assert.equal((await ask({ port: both.port, ...high })).conn.protocol, "TLSv1.3");
  assert.equal((await ask({ port: old.port, ...either })).conn.protocol, "TLSv1.2");
  assert.equal((await ask({ port: old.port, ...low })).conn.protocol, "TLSv1.2");
  assert.equal((await ask({ port: young.port, ...either })).conn.protocol, "TLSv1.3");
  const protocolVersion = 70;
  await assert.rejects(open({ port: old.port, ...high }), refusal("ALERT_RECEIVED", 70));
  await assert.rejects(
    open({ port: young.port, ...low }),
    refusal("ALERT_RECEIVED", protocolVersion),
  );
});

test("the server sees the name, never an address", { skip }, async () => {
  await using nginx = await startNginx();
  const seen = async (options: { hostname?: string; serverName?: string }) => {
    const { facts } = await ask({ port: nginx.port, sessions: false, ...options });
    return facts.serverName;
  };
  assert.equal(await seen({ hostname: "localhost" }), "localhost");
  assert.equal(await seen({ hostname: "127.0.0.1" }), "");
  assert.equal(await seen({ hostname: "::1" }), "");
  assert.equal(await seen({ serverName: "firstflight.test" }), "firstflight.test");
  assert.equal(await seen({ serverName: "www.firstflight.test" }), "www.firstflight.test");
  assert.equal(await seen({ serverName: "FirstFlight.Test" }), "firstflight.test");
  assert.equal(await seen({ serverName: "firstflight.test." }), "firstflight.test");
  assert.equal(await seen({ serverName: "bücher.test" }), "xn--bcher-kva.test");
  assert.equal(await seen({ hostname: "localhost", serverName: "::1" }), "");
});

test("the certificate must be for the name or the address", { skip }, async () => {
  await using nginx = await startNginx();
  const attempt = (options: object) => open({ port: nginx.port, sessions: false, ...options });
  const wrong = {
    "HOSTNAME_MISMATCH": [
      { serverName: "other.test" },
      { serverName: "a.b.firstflight.test" }, // A wildcard stands for one label.
      { serverName: "firstflight.test.other.test" },
    ],
    "IP_ADDRESS_MISMATCH": [
      { hostname: "127.0.0.2" },
      { serverName: "10.77.0.9" },
      { serverName: "fd77::9" },
    ],
  };
  for (const [code, options] of Object.entries(wrong)) {
    for (const each of options) await assert.rejects(attempt(each), refusal(code as TlsErrorCode));
  }
  const unsafely = { unsafelyDisableHostnameVerification: true };
  (await attempt({ ...wrong.HOSTNAME_MISMATCH[0], ...unsafely })).close();
  (await attempt({ ...wrong.IP_ADDRESS_MISMATCH[0], ...unsafely })).close();
});

test("caCerts decide whom to trust", { skip }, async () => {
  const { ca, intermediate, server, untrusted } = certificates();
  await using nginx = await startNginx();
  await using forgetful = await startNginx({ identity: { ...server, certPath: server.leafPath } });
  await using stranger = await startNginx({ identity: untrusted });
  const attempt = async (port: number, caCerts: string[]) => {
    const { facts } = await ask({ port, caCerts, sessions: false });
    assert.equal(facts.protocol, "TLSv1.3");
  };
  await attempt(nginx.port, [ca]);
  await attempt(nginx.port, [untrusted.leaf, ca]);
  await attempt(nginx.port, [`${untrusted.leaf}\n${ca}`]);
  await attempt(forgetful.port, [ca, intermediate]);
  const unknown = refusal(codesOf("UNABLE_TO_GET_ISSUER_CERT_LOCALLY"));
  await assert.rejects(attempt(stranger.port, [ca]), unknown);
  await assert.rejects(attempt(forgetful.port, [ca]), unknown);
  await assert.rejects(
    connectTls({ hostname: "127.0.0.1", port: nginx.port, engine: engineUnderTest() }),
    unknown,
  );
});

test("a chain with an RSA key is verified too", { skip }, async () => {
  await using nginx = await startNginx({ identity: certificates().rsaServer });
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const { conn } = await ask({ port: nginx.port, maxVersion, sessions: false });
    assert.equal(conn.protocol, maxVersion);
  }
});

test("a protocol that both speak is agreed on", { skip }, async () => {
  await using nginx = await startNginx();
  for (const alpnProtocols of [["http/1.1"], ["h2", "http/1.1"], ["x".repeat(255), "http/1.1"]]) {
    const { conn, facts } = await ask({ port: nginx.port, alpnProtocols, sessions: false });
    assert.equal(conn.alpnProtocol, "http/1.1");
    assert.equal(facts.alpn, "http/1.1");
    assert.deepEqual(await conn.handshake(), { alpnProtocol: "http/1.1" });
  }
  const { conn, facts } = await ask({ port: nginx.port, alpnProtocols: [], sessions: false });
  assert.equal(conn.alpnProtocol, null);
  assert.equal(facts.alpn, "");
});

test("a server that speaks none of the protocols refuses", { skip }, async () => {
  await using nginx = await startNginx();
  const noApplicationProtocol = 120;
  await assert.rejects(
    open({ port: nginx.port, alpnProtocols: ["imap"], sessions: false }),
    refusal("ALERT_RECEIVED", noApplicationProtocol),
  );
});

test("a client certificate is presented with its chain", { skip }, async () => {
  await using nginx = await startNginx({ lines: ["ssl_verify_client optional;"] });
  const { client, untrustedClient } = certificates();
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const verdict = async (identity?: { cert: string; key: string }) => {
      const { cert, key } = identity ?? {};
      const shown = cert === undefined || key === undefined ? {} : { cert, key };
      const options = { port: nginx.port, maxVersion, sessions: false, ...shown } as const;
      using conn = await open(options);
      await conn.write(encode(httpRequest("/facts")));
      const answer = await readText(conn);
      return answer.startsWith("HTTP/1.1 200") ? factsIn(answer).client : answer.slice(9, 12);
    };
    assert.equal(await verdict(client), "SUCCESS");
    assert.equal(await verdict(), "NONE");
    assert.equal(await verdict(untrustedClient), "400"); // nginx says so in HTTP.
  }
});

test("200 connections at once all succeed", { skip }, async () => {
  await using nginx = await startNginx();
  const asked = Array.from({ length: 200 }, () => ask({ port: nginx.port }));
  const answers = await Promise.all(asked);
  assert.ok(answers.every(({ facts }) => facts.request === "GET /facts HTTP/1.1"));
  assert.equal((await nginx.requests(200)).length, 200);
});
