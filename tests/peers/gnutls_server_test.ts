import assert from "node:assert/strict";
import { MemorySessionStore } from "../../mod.ts";
import { certificates } from "./certificates.ts";
import { encode, open, readText, readUntil } from "./exchange.ts";
import { startGnutlsServer } from "./gnutls_server.ts";
import { requirePeer } from "./peer.ts";
import { test } from "./test.ts";

const skip = requirePeer("gnutls-serv", "openssl");

const quiet = ["--echo", "--disable-client-cert"];

for (const version of ["1.2", "1.3"]) {
  for (const hostname of ["127.0.0.1", "::1"]) {
    test(`TLS ${version} to ${hostname}: echo`, { skip }, async () => {
      const priority = `NORMAL:-VERS-ALL:+VERS-TLS${version}`;
      await using server = await startGnutlsServer([...quiet, "--priority", priority]);
      const options = { hostname, port: server.port, serverName: "localhost" };
      await using conn = await open({ ...options, sessions: false });
      assert.equal(conn.protocol, `TLSv${version}`);
      await conn.write(encode("over there\n"));
      assert.equal(await readUntil(conn, /\n/), "over there\n");
      await server.saw(/Given server name\[1\]: localhost/);
      await conn.closeWrite();
      assert.equal(await readText(conn), ""); // It answers close_notify with its own.
    });
  }

  test(`TLS ${version}: the second connection resumes`, {
    skip,
    needs: "resumption",
  }, async () => {
    const priority = `NORMAL:-VERS-ALL:+VERS-TLS${version}`;
    await using server = await startGnutlsServer([...quiet, "--priority", priority]);
    const sessions = new MemorySessionStore();
    for (const resumed of [false, true, true]) {
      using conn = await open({ port: server.port, sessions });
      await conn.write(encode("again\n"));
      assert.equal(await readUntil(conn, /\n/), "again\n");
      assert.equal(conn.resumed, resumed);
    }
    const seen = await server.saw(/This is a resumed session[^]*This is a resumed session/);
    assert.ok(seen);
  });
}

test("early data is accepted", { skip, needs: "earlyData" }, async () => {
  await using server = await startGnutlsServer([...quiet, "--earlydata"]);
  const sessions = new MemorySessionStore();
  const earlyData = encode("early\n");
  const outcomes: string[] = [];
  for (let round = 0; round < 3; round++) {
    using conn = await open({ port: server.port, sessions, earlyData });
    await conn.write(encode("late\n"));
    // It keeps early data to itself, and echoes what came after.
    const echo = await readUntil(conn, /late\n/);
    outcomes.push(conn.earlyData);
    assert.equal(echo, conn.earlyData === "accepted" ? "late\n" : "early\nlate\n");
  }
  assert.deepEqual(outcomes, ["not-sent", "accepted", "accepted"]);
});

test("a protocol that both speak is agreed on", { skip }, async () => {
  await using server = await startGnutlsServer([...quiet, "--alpn", "imap", "--alpn", "http/1.1"]);
  const agreed = async (alpnProtocols: string[]) => {
    using conn = await open({ port: server.port, alpnProtocols, sessions: false });
    return conn.alpnProtocol;
  };
  assert.equal(await agreed(["h2", "http/1.1"]), "http/1.1");
  assert.equal(await agreed(["h2"]), null); // It prefers no protocol to no connection.
  assert.equal(await agreed([]), null);
});

test("a server that insists on ALPN refuses", { skip }, async () => {
  await using server = await startGnutlsServer([...quiet, "--alpn", "imap", "--alpn-fatal"]);
  await assert.rejects(open({ port: server.port, alpnProtocols: ["h2"], sessions: false }), {
    name: "TlsError",
    code: "ALERT_RECEIVED",
    alert: 120,
  });
});

test("a server that insists on a certificate gets one", { skip }, async () => {
  const { caPath, client } = certificates();
  const strict = ["--echo", "--require-client-cert", "--verify-client-cert"];
  await using server = await startGnutlsServer([...strict, "--x509cafile", caPath]);
  const { cert, key } = client;
  using conn = await open({ port: server.port, cert, key, sessions: false });
  await conn.write(encode("it is me\n"));
  assert.equal(await readUntil(conn, /\n/), "it is me\n");
  await server.saw(/Subject: CN=client$/m);
  await assert.rejects(async () => {
    using without = await open({ port: server.port, sessions: false });
    await readText(without);
  }, { name: "TlsError", code: "ALERT_RECEIVED", alert: 116 });
});

test("a HelloRetryRequest is followed", { skip }, async () => {
  const priority = "NORMAL:-GROUP-ALL:+GROUP-SECP384R1";
  await using server = await startGnutlsServer([...quiet, "--priority", priority]);
  for (let round = 0; round < 2; round++) {
    using conn = await open({ port: server.port, sessions: false });
    assert.equal(conn.group, "secp384r1");
    await conn.write(encode("retried\n"));
    assert.equal(await readUntil(conn, /\n/), "retried\n");
  }
});
