import assert from "node:assert/strict";
import { test } from "node:test";
import { MemorySessionStore, type TlsConn, TlsError } from "../../../mod.ts";
import { ask, encode, open, prepare, readText, readUntil } from "../../peers/exchange.ts";
import { startGnutlsServer } from "../../peers/gnutls_server.ts";
import { httpPut, httpRequest } from "../../peers/http.ts";
import { bytesOfSize } from "../../peers/http_server.ts";
import { type Nginx, type NginxOptions, startNginx } from "../../peers/nginx.ts";
import { startOpensslServer } from "../../peers/openssl_server.ts";
import { requirePeer } from "../../peers/peer.ts";

const skip = requirePeer("nginx", "openssl");

const ticketKey = new Uint8Array(48).fill(1);

/** nginx with one configuration, of which sessions are kept; then, on the same port, with another. */
async function restarted(
  before: NginxOptions,
  after: NginxOptions,
): Promise<{ nginx: Nginx; sessions: MemorySessionStore }> {
  const sessions = new MemorySessionStore();
  const first = await startNginx({ ticketKey, ...before });
  try {
    await ask({ port: first.port, sessions });
  } finally {
    await first.stop();
  }
  return { nginx: await startNginx({ ticketKey, ...after, port: first.port }), sessions };
}

/** Uploads `body`, everything early, and checks that it arrived as it is. */
async function upload(
  nginx: Nginx,
  body: Uint8Array,
  options: object,
): Promise<TlsConn> {
  const earlyData = httpPut("/upload/body", body);
  using conn = await open({ port: nginx.port, earlyData, ...options });
  assert.match(await readText(conn), /^HTTP\/1\.1 20[14] /);
  assert.deepEqual(nginx.uploaded("body"), body);
  return conn;
}

test("without a session early data is sent after the handshake, once", { skip }, async () => {
  await using nginx = await startNginx();
  const { conn, facts } = await ask({ port: nginx.port, sessions: false }, { early: true });
  assert.equal(conn.earlyData, "not-sent");
  assert.equal(facts.early, false);
  assert.equal((await nginx.requests()).length, 1);
});

test("with a session the server takes it before the handshake is over", { skip }, async () => {
  await using nginx = await startNginx();
  for (const early of [false, true, true]) {
    const { conn, facts } = await ask({ port: nginx.port }, { early: true });
    assert.equal(conn.earlyData, early ? "accepted" : "not-sent");
    assert.equal(facts.resumed, early);
  }
  assert.equal((await nginx.requests(3)).length, 3);
});

test("a resumed connection without early data says so", { skip }, async () => {
  await using nginx = await startNginx();
  const sessions = new MemorySessionStore();
  await ask({ port: nginx.port, sessions });
  for (const earlyData of [undefined, new Uint8Array()]) {
    using conn = await open({ port: nginx.port, sessions, ...(earlyData ? { earlyData } : {}) });
    assert.equal(conn.resumed, true);
    assert.equal(conn.earlyData, "not-sent");
  }
});

test("with ALPN", { skip }, async () => {
  await using nginx = await startNginx();
  const alpnProtocols = ["http/1.1"];
  for (const early of [false, true]) {
    const { conn, facts } = await ask({ port: nginx.port, alpnProtocols }, { early: true });
    assert.equal(conn.alpnProtocol, "http/1.1");
    assert.equal(facts.alpn, "http/1.1");
    assert.equal(conn.earlyData, early ? "accepted" : "not-sent");
  }
});

test("a server with other ticket keys rejects it and gets it again, once", { skip }, async () => {
  const { nginx, sessions } = await restarted({}, { ticketKey: new Uint8Array(48).fill(2) });
  await using _ = nginx;
  const { conn, facts } = await ask({ port: nginx.port, sessions }, { early: true });
  assert.equal(conn.earlyData, "rejected");
  assert.equal(conn.resumed, false);
  assert.equal(facts.early, false);
  assert.equal((await nginx.requests()).length, 1);
});

test("a server that resumes but takes no early data gets it again, once", { skip }, async () => {
  const { nginx, sessions } = await restarted({}, { earlyData: false });
  await using _ = nginx;
  const { conn, facts } = await ask({ port: nginx.port, sessions }, { early: true });
  assert.equal(conn.earlyData, "rejected");
  assert.equal(conn.resumed, true);
  assert.equal(facts.early, false);
  assert.equal((await nginx.requests()).length, 1);
});

test("a server that asks for another key share rejects it and gets it again", {
  skip,
}, async () => {
  const { nginx, sessions } = await restarted({}, { lines: ["ssl_ecdh_curve secp384r1;"] });
  await using _ = nginx;
  const { conn, facts } = await ask({ port: nginx.port, sessions }, { early: true });
  assert.equal(conn.group, "secp384r1");
  assert.equal(conn.earlyData, "rejected");
  assert.equal(facts.early, false);
  assert.equal((await nginx.requests()).length, 1);
});

test("a server that now picks another protocol: early data are not sent again", {
  skip,
}, async () => {
  const alpnProtocols = ["h2", "http/1.1"];
  const request = encode(httpRequest("/facts"));
  const sessions = new MemorySessionStore();
  const before = await startNginx({ ticketKey });
  const { port } = before;
  for (let round = 0; round < 2; round++) {
    assert.equal((await ask({ port, sessions, alpnProtocols })).conn.alpnProtocol, "http/1.1");
  }
  await before.stop();
  await using after = await startNginx({ ticketKey, port, http2: true });
  {
    using conn = await open({ port, sessions, alpnProtocols, earlyData: request });
    assert.deepEqual([conn.alpnProtocol, conn.earlyData], ["h2", "rejected"]);
    assert.deepEqual(conn.warnings.map(({ code }) => code), ["EARLY_DATA_UNSENT"]);
    assert.match(conn.warnings[0]?.message ?? "", /meant for "http\/1\.1".* picked "h2"/);
  }
  {
    using conn = prepare({ port, sessions, alpnProtocols });
    await assert.rejects(conn.write(request), (error) => {
      assert.ok(error instanceof TlsError);
      assert.deepEqual([error.code, error.port], ["EARLY_DATA_UNSENT", port]);
      return true;
    });
  }
  const { facts } = await ask({ port, sessions: false, alpnProtocols: ["http/1.1"] });
  assert.equal(facts.alpn, "http/1.1");
  // nginx would have logged a request of HTTP/1.1 within HTTP/2 as a bad one.
  assert.equal((await after.requests()).length, 1);
});

test("what exceeds the ticket's limit follows, in order, once", { skip }, async () => {
  await using nginx = await startNginx();
  const sessions = new MemorySessionStore();
  const limit = 16_384; // nginx's
  const head = httpPut("/upload/body", new Uint8Array(limit)).length - limit;
  const sizes = [limit - head - 1, limit - head, limit - head + 1, 100_000, 1_000_000];
  for (const [index, size] of sizes.entries()) {
    await ask({ port: nginx.port, sessions });
    const conn = await upload(nginx, bytesOfSize(size), { sessions });
    assert.equal(conn.earlyData, "accepted");
    const requests = await nginx.requests(2 * index + 2);
    assert.deepEqual(requests.slice(2 * index).map(({ bodyBytes }) => bodyBytes), [0, size]);
  }
});

test("a large flight that is rejected is sent again whole", { skip }, async () => {
  for (const size of [10_000, 1_000_000]) {
    const { nginx, sessions } = await restarted({}, { earlyData: false });
    await using _ = nginx;
    const conn = await upload(nginx, bytesOfSize(size), { sessions });
    assert.equal(conn.earlyData, "rejected");
    assert.equal((await nginx.requests()).length, 1);
  }
});

test("a large flight without a session is sent whole", { skip }, async () => {
  await using nginx = await startNginx();
  const conn = await upload(nginx, bytesOfSize(1_000_000), { sessions: false });
  assert.equal(conn.earlyData, "not-sent");
});

test("what is written later comes after it, accepted or not", { skip }, async () => {
  const body = bytesOfSize(50_000);
  const whole = httpPut("/upload/body", body);
  for (const [after, expected] of [[{}, "accepted"], [{ earlyData: false }, "rejected"]] as const) {
    const { nginx, sessions } = await restarted({}, after);
    await using _ = nginx;
    const [early, late] = [whole.slice(0, 20_000), whole.slice(20_000)];
    using conn = await open({ port: nginx.port, sessions, earlyData: early });
    early.fill(0); // The caller may use its buffer again.
    await conn.write(late);
    assert.match(await readText(conn), /^HTTP\/1\.1 201 /);
    assert.deepEqual(nginx.uploaded("body"), body);
    assert.equal(conn.earlyData, expected);
  }
});

test("a TLS 1.2 server gets it after the handshake", { skip }, async () => {
  await using nginx = await startNginx({ protocols: "TLSv1.2" });
  for (const resumed of [false, true]) {
    const { conn } = await ask({ port: nginx.port }, { early: true });
    assert.equal(conn.earlyData, "not-sent");
    assert.equal(conn.resumed, resumed);
  }
  assert.equal((await nginx.requests(2)).length, 2);
});

test("a server that went back to TLS 1.2 gets it after the handshake, on a second connection", {
  skip,
}, async () => {
  const { nginx, sessions } = await restarted({}, { protocols: "TLSv1.2" });
  await using _ = nginx;
  // RFC 8446, D.3: a client that sent early data can't go on when the answer is TLS 1.2.
  const { conn } = await ask({ port: nginx.port, sessions }, { early: true });
  assert.equal(conn.protocol, "TLSv1.2");
  assert.equal(conn.earlyData, "not-sent");
  assert.deepEqual(conn.warnings.map(({ code }) => code), ["SESSION_REFUSED"]);
  assert.equal((await nginx.requests()).length, 1);
});

test("openssl s_server takes it, and after a restart rejects it", { skip }, async () => {
  const sessions = new MemorySessionStore();
  const earlyData = encode("early\n");
  const talk = async (port: number, saw: (line: RegExp) => Promise<unknown>) => {
    using conn = await open({ port, sessions, earlyData });
    await conn.write(encode("late\n"));
    await saw(/^early$[^]*^late$/m);
    return conn.earlyData;
  };
  const before = await startOpensslServer(["-early_data"]);
  const { port } = before;
  assert.equal(await talk(port, (line) => before.saw(line)), "not-sent");
  before.output = "";
  assert.equal(await talk(port, (line) => before.saw(line)), "accepted");
  assert.equal(before.output.match(/^early$/gm)?.length, 1);
  await before.stop();

  for (const args of [["-early_data"], []]) {
    await using after = await startOpensslServer(args, { accept: `127.0.0.1:${port}` });
    const outcome = await talk(port, (line) => after.saw(line));
    assert.equal(outcome, "rejected");
    assert.equal(after.output.match(/^early$/gm)?.length, 1);
  }
});

test("gnutls-serv takes it, and after a restart rejects it", {
  skip: requirePeer("gnutls-serv", "openssl"),
}, async () => {
  const sessions = new MemorySessionStore();
  const args = ["--echo", "--disable-client-cert", "--earlydata"];
  const talk = async (port: number) => {
    using conn = await open({ port, sessions, earlyData: encode("early\n") });
    await conn.write(encode("late\n"));
    const echo = await readUntil(conn, /late\n/);
    // It keeps accepted early data to itself.
    assert.equal(echo, conn.earlyData === "accepted" ? "late\n" : "early\nlate\n");
    return conn.earlyData;
  };
  const before = await startGnutlsServer(args);
  const { port } = before;
  assert.equal(await talk(port), "not-sent");
  assert.equal(await talk(port), "accepted");
  await before.stop();
  await using _after = await startGnutlsServer(args, { port });
  assert.equal(await talk(port), "rejected");
});
