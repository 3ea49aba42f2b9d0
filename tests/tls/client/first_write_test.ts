import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:https";
import { test } from "node:test";
import { ConnectError, MemorySessionStore, type PendingTls, TlsError } from "../../../mod.ts";
import { leavesNothing, sleep } from "../../fixtures/hostile_census.ts";
import { assertFails, assertFailure, connectError } from "../../fixtures/hostile_failure.ts";
import { closedPort, startRawServer } from "../../fixtures/hostile_server.ts";
import { netlabSkip } from "../../netlab/mod.ts";
import { ask, encode, prepare, readText } from "../../peers/exchange.ts";
import { httpPut, httpRequest } from "../../peers/http.ts";
import { bytesOfSize } from "../../peers/http_server.ts";
import { factsIn, type Nginx, startNginx } from "../../peers/nginx.ts";
import { requirePeer } from "../../peers/peer.ts";
import { startScene } from "../../peers/scene.ts";
import { onlyFlow } from "../../peers/wire.ts";

const skip = requirePeer("nginx", "openssl");

/** A connection that waits for its first write, to a server it has a session for. */
async function waiting(nginx: Nginx, options: object = {}): Promise<PendingTls> {
  const sessions = new MemorySessionStore();
  await ask({ port: nginx.port, sessions });
  return prepare({ port: nginx.port, sessions, ...options });
}

test("what is written first is early data, in one piece or several", { skip }, async () => {
  await using nginx = await startNginx();
  using conn = await waiting(nginx);
  const text = httpRequest("/facts");
  const pieces = [text.slice(0, 10), text.slice(10, 20), text.slice(20)];
  const written = pieces.map((piece) => conn.write(encode(piece)));
  const facts = factsIn(await readText(conn));
  assert.deepEqual(await Promise.all(written), pieces.map(({ length }) => length));
  // nginx calls it early only while the handshake goes on, and over loopback that may be over.
  assert.deepEqual([conn.earlyData, conn.resumed], ["accepted", true]);
  assert.equal(facts.request, "GET /facts HTTP/1.1");
  assert.ok(conn.timing.secure > 0);
});

test("the socket tells the name that was sent", { skip }, async () => {
  await using nginx = await startNginx();
  using conn = prepare({ port: nginx.port, serverName: "localhost" });
  const { duplex } = conn;
  assert.equal(duplex.servername, null);
  duplex.write(httpRequest("/facts"));
  await once(duplex, "data");
  assert.equal(duplex.servername, "localhost");
});

test("an HTTP client's request becomes early data without its knowing", { skip }, async () => {
  await using nginx = await startNginx();
  const conn = await waiting(nginx);
  const { duplex } = conn;
  assert.deepEqual([duplex.connecting, duplex.authorized], [true, false]);
  assert.equal(duplex.remoteAddress, undefined);
  const secure = new Promise((resolve) => duplex.once("secureConnect", resolve));
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request({
    path: "/facts",
    headers: { host: "localhost", connection: "close" },
    createConnection: () => duplex,
  }, (answer) => {
    let text = "";
    answer.setEncoding("utf8").on("data", (part) => text += part).on("end", () => resolve(text));
  }).on("error", reject).end();
  assert.equal(JSON.parse(await promise).request, "GET /facts HTTP/1.1");
  await secure;
  assert.deepEqual([conn.earlyData, duplex.authorized], ["accepted", true]);
  conn.close();
});

test("it rides in the SYN", { skip: netlabSkip() || skip }, async () => {
  await using scene = await startScene();
  const { lab, client } = scene;
  const send = httpRequest("/facts");
  for (const expected of ["not-sent", "accepted", "accepted"]) {
    await lab.clearPackets();
    const options = { hostname: lab.server.ipv4 };
    const answer = await client.prepareTls(options, { send });
    assert.equal(answer.earlyData, expected);
    assert.equal(factsIn(answer.received).early, expected === "accepted");
    const { syn } = onlyFlow(await lab.packets());
    if (expected === "accepted") assert.equal(syn.payload, answer.fastOpen?.flightBytes);
  }
});

test("a large first write: what exceeds the ticket's limit follows, once", { skip }, async () => {
  await using nginx = await startNginx();
  using conn = await waiting(nginx);
  const body = bytesOfSize(100_000);
  const upload = httpPut("/upload/body", body);
  assert.equal(await conn.write(upload), upload.length);
  upload.fill(0); // It is ours again.
  assert.match(await readText(conn), /^HTTP\/1\.1 201 /);
  assert.deepEqual(nginx.uploaded("body"), body);
  assert.equal(conn.earlyData, "accepted");
});

test("handshake() connects without; what is written then comes after it", { skip }, async () => {
  await using nginx = await startNginx();
  using conn = await waiting(nginx, { alpnProtocols: ["http/1.1"] });
  assert.deepEqual(await conn.handshake(), { alpnProtocol: "http/1.1" });
  await conn.write(encode(httpRequest("/facts")));
  assert.equal(factsIn(await readText(conn)).early, false);
  assert.equal(conn.earlyData, "not-sent");
});

test("reading alone makes no connection, and gets what comes later", { skip }, async () => {
  await using nginx = await startNginx();
  using conn = await waiting(nginx);
  const before = await nginx.requests(1);
  const reading = readText(conn);
  await sleep(50);
  assert.equal((await nginx.requests(1)).length, before.length);
  await conn.write(encode(httpRequest("/facts")));
  assert.equal(factsIn(await reading).request, "GET /facts HTTP/1.1");
  assert.equal(conn.earlyData, "accepted");
});

test("who waits without writing gets TIMED_OUT, which says what is waited for", async () => {
  const says =
    /^Nothing was written to .* within 60 ms; .* the first write makes the connection, or handshake/;
  const timedOut = connectError("TIMED_OUT", says);
  await leavesNothing(async () => {
    await using server = await startRawServer(() => assert.fail("It was connected to"));
    const { port } = server;
    const peer = { hostname: "127.0.0.1", port };
    const conn = prepare({ port, connectTimeout: 60 });
    const reading = conn.read(new Uint8Array(1));
    await assertFails(reading, timedOut, peer);
    for (const late of [conn.write(encode("x")), conn.handshake(), conn.read(new Uint8Array(1))]) {
      await assertFails(late, timedOut, peer);
    }
    conn.close();
    const { duplex } = prepare({ port, connectTimeout: 60 });
    const [error] = await once(duplex, "error");
    assert.equal(error.code, "ETIMEDOUT"); // Node's, for whoever has a socket.
    assertFailure(error.cause, timedOut, peer);
  });
});

test("who writes in time is not bound by the time of those who wait", { skip }, async () => {
  await using nginx = await startNginx();
  using conn = await waiting(nginx, { connectTimeout: 500 });
  const reading = readText(conn);
  await sleep(50);
  await conn.write(encode("GET /facts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"));
  await sleep(600);
  await conn.write(encode("\r\n"));
  assert.equal(factsIn(await reading).request, "GET /facts HTTP/1.1");
});

test("nobody waits longer for the first write than for a connection", { skip }, async () => {
  await using nginx = await startNginx();
  using conn = await waiting(nginx, { connectTimeout: 50 });
  await sleep(80);
  const late = { name: "ConnectError", code: "TIMED_OUT" };
  await assert.rejects(conn.write(encode(httpRequest("/facts"))), late);
  await assert.rejects(conn.connected, late);
});

test("an abort is told to who waits without writing", async () => {
  await leavesNothing(async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const conn = prepare({ port: await closedPort(), signal });
    const reading = conn.read(new Uint8Array(1));
    const reason = new Error("changed my mind");
    controller.abort(reason);
    await assert.rejects(reading, reason);
    await assert.rejects(conn.write(encode("x")), reason);
  });
});

test("until it stands it knows nothing of itself, and says so", { skip }, async () => {
  await using nginx = await startNginx();
  using conn = await waiting(nginx);
  for (const name of ["localAddr", "fastOpen", "protocol", "timing", "warnings"] as const) {
    assert.throws(() => conn[name], (error) => {
      assert.ok(error instanceof TlsError);
      assert.equal(error.code, "NOT_CONNECTED");
      assert.match(
        error.message,
        new RegExp(`"127.0.0.1:${nginx.port}" waits for its first write`),
      );
      return true;
    }, name);
  }
});

test("closed before anything was written, nothing is opened", async () => {
  await leavesNothing(async () => {
    const conn = prepare({ port: await closedPort() });
    const reading = conn.read(new Uint8Array(1));
    conn.close();
    conn.close();
    const closed = { name: "ConnectError", code: "CONNECTION_CLOSED" };
    await assert.rejects(reading, closed);
    await assert.rejects(conn.write(new Uint8Array(1)), closed);
    await assert.rejects(conn.handshake(), closed);
    await assert.rejects(conn.closeWrite(), closed);
  });
});

test("closed while it connects, nothing stays open", { skip }, async () => {
  await using nginx = await startNginx();
  await leavesNothing(async () => {
    const conn = prepare({ port: nginx.port });
    const writing = conn.write(encode(httpRequest("/facts")));
    await Promise.resolve();
    conn.close();
    await assert.rejects(writing, { code: "CONNECTION_CLOSED" });
  });
});

test("a connection that can't be made is told to everybody who waits for it", async () => {
  await leavesNothing(async () => {
    const conn = prepare({ port: await closedPort() });
    const reading = conn.read(new Uint8Array(1));
    const writing = conn.write(new Uint8Array(1));
    for (const promise of [reading, writing, conn.handshake(), conn.write(new Uint8Array(1))]) {
      await assert.rejects(promise, (error) => {
        assert.ok(error instanceof ConnectError);
        return error.code === "CONNECTION_REFUSED";
      });
    }
    conn.close();
  });
});

test("an abort is told to everybody who waits, before the first write and after", async () => {
  const reason = new Error("changed my mind");
  const early = prepare({
    port: await closedPort(),
    signal: AbortSignal.abort(reason),
  });
  await assert.rejects(early.write(new Uint8Array(1)), reason);
  const late = prepare({
    port: await closedPort(),
    signal: AbortSignal.abort(reason),
  });
  await assert.rejects(late.handshake(), reason);
});

test("it can be unreferenced before there is a connection", { skip }, async () => {
  await using nginx = await startNginx();
  using conn = await waiting(nginx);
  conn.unref();
  conn.ref();
  await conn.write(encode(httpRequest("/facts")));
  assert.equal(factsIn(await readText(conn)).request, "GET /facts HTTP/1.1");
  assert.equal(conn.earlyData, "accepted");
});
