import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectNet, createServer } from "node:net";
import process from "node:process";
import { test } from "node:test";
import {
  connect,
  ConnectError,
  connectTls,
  enableFastOpen,
  listenTls,
  TlsError,
} from "../../../mod.ts";
import type { Accounts } from "../../fixtures/accepted.ts";
import { netlabSkip, programArguments, startNetlab } from "../../netlab/mod.ts";
import { certificates } from "../../peers/certificates.ts";
import { encode, open, readText } from "../../peers/exchange.ts";
import { httpPut, httpRequest } from "../../peers/http.ts";
import { bytesOfSize } from "../../peers/http_server.ts";
import { LocalServer } from "../../peers/local_server.ts";
import { Peer, requirePeer, run, soon } from "../../peers/peer.ts";
import { startRemoteClient, succeeded } from "../../peers/remote_client.ts";
import { startRemoteServer } from "../../peers/remote_server.ts";
import { answeredAtOnce, onlyFlow } from "../../peers/wire.ts";

const skip = requirePeer("openssl");
const labSkip = netlabSkip() || skip;

const { cert, key } = skip ? { cert: "", key: "" } : certificates().server;

test("the port is known at once, and both ends of a connection agree", { skip }, async () => {
  for (const hostname of ["127.0.0.1", "::1"]) {
    using listener = listenTls({ hostname, port: 0, cert, key });
    const { addr } = listener;
    assert.equal(addr.transport, "tcp");
    assert.equal(addr.hostname, hostname);
    assert.ok(addr.port > 0);
    const [server, client] = await Promise.all([
      listener.accept(),
      open({ hostname, port: addr.port, sessions: false }),
    ]);
    assert.deepEqual(server.remoteAddr, client.localAddr);
    assert.deepEqual(server.localAddr, client.remoteAddr);
    assert.equal(server.protocol, client.protocol);
    assert.equal(server.cipher, client.cipher);
    assert.equal(server.group, client.group);
    assert.equal(server.peerCertificate, undefined);
    client.close();
    server.close();
  }
});

test("a closed listener still knows where it listened", { skip }, () => {
  const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const { port } = listener.addr;
  listener.close();
  assert.deepEqual(listener.addr, { transport: "tcp", hostname: "127.0.0.1", port });
});

test('"localhost" and every address can be listened on', { skip }, async () => {
  for (const hostname of ["localhost", "0.0.0.0", undefined]) {
    using listener = listenTls({ port: 0, cert, key, ...(hostname ? { hostname } : {}) });
    const [server, client] = await Promise.all([
      listener.accept(),
      open({ port: listener.addr.port, sessions: false }),
    ]);
    client.close();
    server.close();
  }
});

test("a port that is taken is an error at once", { skip }, () => {
  using listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const { port } = listener.addr;
  assert.throws(() => listenTls({ hostname: "127.0.0.1", port, cert, key }), (error) => {
    assert.ok(error instanceof ConnectError);
    assert.match(error.message, /^Could not listen on "127\.0\.0\.1:\d+"/);
    return true;
  });
});

test("the port is free again after close", { skip }, async () => {
  const first = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const { port } = first.addr;
  first.close();
  first.close(); // A second time does nothing.
  await assert.rejects(connect({ hostname: "127.0.0.1", port }), { code: "CONNECTION_REFUSED" });
  using second = listenTls({ hostname: "127.0.0.1", port, cert, key });
  assert.equal(second.addr.port, port);
});

test("close ends accept and iteration, not the connections handed out", { skip }, async () => {
  const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const [server, client] = await Promise.all([
    listener.accept(),
    open({ port: listener.addr.port, sessions: false }),
  ]);
  const accepting = listener.accept();
  const iterating = (async () => {
    for await (const _ of listener) assert.fail("there is no other connection");
  })();
  listener.close();
  await assert.rejects(accepting, { name: "ConnectError", code: "LISTENER_CLOSED" });
  await assert.rejects(listener.accept(), { name: "ConnectError", code: "LISTENER_CLOSED" });
  await soon("end of iteration", iterating);
  for await (const _ of listener) assert.fail("it is closed");

  await server.write(encode("still "));
  await client.write(encode("here"));
  await server.closeWrite();
  await client.closeWrite();
  assert.equal(await readText(client), "still ");
  assert.equal(await readText(server), "here");
  client.close();
  server.close();
});

test("connections nobody accepted yet wait, and are closed with the listener", {
  skip,
}, async () => {
  const listener = listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const { port } = listener.addr;
  using first = await open({ port });
  using second = await open({ port });
  await first.write(encode("I am the first"));
  using accepted = await listener.accept();
  const chunk = new Uint8Array(100);
  const length = await accepted.read(chunk);
  assert.equal(new TextDecoder().decode(chunk.subarray(0, length ?? 0)), "I am the first");
  await new Promise((resolve) => setTimeout(resolve, 100)); // until the second's Finished is there
  listener.close();
  assert.equal(await readText(second), "");
});

test("what clients do wrong is reported and disturbs nobody else", { skip }, async () => {
  await using server = new LocalServer();
  const talk = async (text: string) => {
    const socket = connectNet(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.end(text);
    socket.resume();
    await once(socket, "close");
  };
  await talk("GET / HTTP/1.1\r\n\r\n");
  const garbage = await server.failure(1);
  assert.ok(garbage instanceof TlsError);
  assert.equal(garbage.code, "NOT_TLS");
  assert.match(garbage.message, /GET \/ HTTP\/1\.1/);
  await talk("");
  assert.equal((await server.failure(2)).code, "HANDSHAKE_CLOSED");
  await talk("\x16\x03\x01\x00\x05hello");
  assert.equal((await server.failure(3)).code, "PROTOCOL_ERROR");

  using conn = await open({ port: server.port });
  await conn.write(encode(httpRequest("/bytes/5")));
  assert.match(await readText(conn), /^HTTP\/1\.1 200 OK/);
});

test("a client that takes too long for its handshake is dropped", { skip }, async () => {
  await using server = new LocalServer({ handshakeTimeout: 100 });
  const socket = connectNet(server.port, "127.0.0.1");
  socket.on("error", () => {});
  const closed = once(socket, "close");
  socket.resume();
  const failure = await server.failure();
  assert.equal(failure.name, "ConnectError");
  assert.equal(failure.code, "TIMED_OUT");
  await soon("end of the connection", closed);
  using conn = await open({ port: server.port });
  assert.equal(conn.protocol, "TLSv1.3");
});

test("200 connections at once", { skip }, async () => {
  await using server = new LocalServer();
  const answers = await Promise.all(Array.from({ length: 200 }, async () => {
    using conn = await open({ port: server.port });
    await conn.write(encode(httpRequest("/bytes/1000")));
    return await readText(conn);
  }));
  assert.ok(answers.every((answer) => answer.startsWith("HTTP/1.1 200 OK")));
  assert.equal((await server.requests(200)).length, 200);
});

for (const size of [1, 16_384, 16_385, 100_000]) {
  test(`${size} bytes of early data arrive as they are`, { skip }, async () => {
    await using server = new LocalServer({ maxEarlyData: 65_536 });
    const body = bytesOfSize(size);
    for (const expected of ["not-sent", "accepted"]) {
      using conn = await open({ port: server.port, earlyData: httpPut("/", body) });
      const answer = await readText(conn);
      assert.match(answer, new RegExp(`"bodyBytes":${size},`));
      assert.equal(conn.earlyData, expected);
    }
    const [first, second] = await server.requests(2);
    assert.equal(second?.bodySha256, first?.bodySha256);
    assert.equal(second?.earlyData, "accepted");
  });
}

test("early data is answered before the client has finished its handshake", {
  skip: labSkip,
}, async () => {
  await using lab = await startNetlab({ rtt: 60 });
  await using server = await startRemoteServer(lab.server, { maxEarlyData: 16_384 });
  await using client = startRemoteClient(lab.client);
  const size = 5000;
  const early = httpRequest(`/bytes/${size}`);
  for (const [round, outcome] of ["not-sent", "accepted"].entries()) {
    await lab.clearPackets();
    const answer = succeeded(await client.connectTls({ hostname: lab.server.ipv4 }, { early }));
    assert.ok(answer.receivedBytes > size);
    assert.equal(answer.earlyData, outcome);
    const served = (await server.requests(round + 1))[round]!;
    assert.equal(served.earlyData, outcome);
    assert.equal(served.secured, outcome !== "accepted");
    const flow = onlyFlow(await lab.packets());
    assert.equal(served.fastOpen.synBytes, flow.syn.payload);
    assert.equal(served.fastOpen.synBytes, answer.fastOpen.synBytes);
    assert.equal(served.fastOpen.outcome, outcome === "accepted" ? "accepted" : "disabled");
    assert.equal(answeredAtOnce(flow) > size, outcome === "accepted");
  }
  assert.equal((await lab.server.counters())["TCPFastOpenPassive"], 1);
});

test("a listener without Fast Open serves all the same, and says why", {
  skip: labSkip,
}, async () => {
  await using off = await startNetlab({ rtt: 4, fastOpen: 1 });
  await using unwilling = await startRemoteServer(off.server);
  assert.equal(unwilling.fastOpen.enabled, false);
  assert.match(unwilling.fastOpen.reason ?? "", /sysctl -w net\.ipv4\.tcp_fastopen=3/);
  await using on = await startNetlab({ rtt: 4 });
  await using asked = await startRemoteServer(on.server, { fastOpen: false });
  assert.equal(asked.fastOpen.enabled, false);
  assert.match(asked.fastOpen.reason ?? "", /switched off by the caller/);
  for (
    const [lab, server, outcome] of [
      [off, unwilling, "unsupported"],
      [on, asked, "disabled"],
    ] as const
  ) {
    await using client = startRemoteClient(lab.client);
    for (let round = 0; round < 2; round++) {
      const send = httpRequest("/bytes/10");
      succeeded(await client.connectTls({ hostname: lab.server.ipv4 }, { send }));
      assert.equal((await server.requests(round + 1))[round]?.fastOpen.outcome, outcome);
    }
    assert.equal((await lab.server.counters())["TCPFastOpenPassive"], 0);
  }
});

test("of each of many open connections the listener knows what its SYN brought", {
  skip: labSkip,
}, async () => {
  await using lab = await startNetlab({ rtt: 4 });
  const program = new URL("../../fixtures/accepted.ts", import.meta.url);
  const count = 200;
  const args = programArguments(program, `${count}`);
  const { code, output } = await run(lab.server, process.execPath, args);
  assert.equal(code, 0, output);
  const [, ...all] = output.split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Accounts); // The first one only asks for a cookie.
  assert.equal(all.length, count - 1);
  for (const { client, server } of all) {
    assert.equal(server.outcome, client.outcome);
    assert.equal(server.synBytes, client.synBytes);
  }
  assert.equal(all.filter(({ server }) => server.outcome === "accepted").length, count / 2 - 1);
});

for (const [size, whole] of [[100, true], [100_000, false]] as const) {
  test(`a listener that was busy while ${size} bytes came claims no more than a SYN can bring`, {
    skip: labSkip,
  }, async () => {
    await using lab = await startNetlab({ rtt: 4 });
    const program = new URL("../../fixtures/busy_server.ts", import.meta.url);
    const args = programArguments(program, `${size}`);
    const { code, output } = await run(lab.server, process.execPath, args);
    assert.equal(code, 0, output);
    const accounts = output.split("\n").find((line) => line.startsWith("{")) ?? "";
    const { client, server } = JSON.parse(accounts) as Accounts;
    assert.deepEqual([client.outcome, server.outcome], ["accepted", "accepted"]);
    assert.equal(client.synBytes === client.flightBytes, whole);
    assert.equal(server.flightBytes, client.flightBytes);
    assert.match(server.reason ?? "", whole ? /^$/ : /at most/);
    const least = client.synBytes, most = whole ? least : 65_535;
    assert.ok(server.synBytes >= least && server.synBytes <= most, output);
  });
}

for (const kind of ["node:net", "node:http", "node:https", "the runtime's own", "its port"]) {
  test(`enableFastOpen: a server of ${kind} takes data out of SYNs`, {
    skip: labSkip || requirePeer("curl"),
  }, async () => {
    await using lab = await startNetlab({ rtt: 4 });
    const program = new URL("../../fixtures/foreign_server.ts", import.meta.url);
    const { certPath, keyPath } = certificates().server;
    const args = programArguments(program, kind, certPath, keyPath);
    await using server = new Peer(lab.server, process.execPath, args);
    await server.saw(/^\{"enabled":true\}$/m);
    const scheme = kind === "node:https" ? "https" : "http";
    for (let round = 0; round < 3; round++) {
      await lab.clearPackets();
      const url = `${scheme}://${lab.server.ipv4}:80/`;
      const { code, output } = await run(lab.client, "curl", ["-sSk", "--tcp-fastopen", url]);
      assert.equal(code, 0, output);
      assert.equal(output.length, 1000);
      assert.equal(onlyFlow(await lab.packets()).syn.payload > 0, round > 0);
      assert.equal((await lab.server.counters())["TCPFastOpenPassive"], round);
    }
  });
}

test("enableFastOpen finds only listeners of this process", { skip }, async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  assert.equal(typeof enableFastOpen(server).enabled, "boolean");
  assert.equal(typeof enableFastOpen({ port }).enabled, "boolean");
  assert.equal(typeof enableFastOpen({ port, hostname: "127.0.0.1" }).enabled, "boolean");
  assert.equal(typeof enableFastOpen({ port, hostname: "localhost" }).enabled, "boolean");
  for (const hostname of ["127.0.0.2", "::1", "[::1]"]) {
    assert.throws(() => enableFastOpen({ port, hostname }), ConnectError);
  }
  server.close();
  await once(server, "close");
  assert.throws(() => enableFastOpen({ port }), ConnectError);
});

test("a server that presents no chain is trusted by who knows the rest", { skip }, async () => {
  const { ca, intermediate, server: { leaf } } = certificates();
  using listener = listenTls({ hostname: "127.0.0.1", port: 0, cert: leaf, key });
  const { port } = listener.addr;
  (await open({ port, caCerts: [ca, intermediate] })).close();
  await assert.rejects(connectTls({ hostname: "127.0.0.1", port, caCerts: [ca] }), {
    code: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  });
});
