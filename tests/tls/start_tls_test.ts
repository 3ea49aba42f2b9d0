import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import {
  connect,
  MemorySessionStore,
  startTls,
  type StartTlsOptions,
  type TcpConn,
  type TlsConn,
  TlsError,
} from "../../mod.ts";
import { startRawServer } from "../fixtures/hostile_server.ts";
import { netlabSkip, startNetlab } from "../netlab/mod.ts";
import { certificates } from "../peers/certificates.ts";
import { engineUnderTest } from "../peers/engine.ts";
import { encode, readUntil } from "../peers/exchange.ts";
import { protocols, startMailServer, type StartTlsProtocol } from "../peers/mail_server.ts";
import { requirePeer, soon } from "../peers/peer.ts";
import { startRemoteClient, succeeded } from "../peers/remote_client.ts";
import { test } from "../peers/test.ts";
import { acknowledged, onlyFlow } from "../peers/wire.ts";

const skip = requirePeer("nginx-mail", "openssl");

/** Starts TLS by the engine under test. */
function secure(plain: TcpConn, options: StartTlsOptions = {}): Promise<TlsConn> {
  return startTls(plain, { engine: engineUnderTest(), ...options });
}

/** Says in the clear all that has to be said before TLS. */
async function agree(conn: TcpConn, protocol: StartTlsProtocol): Promise<void> {
  await readUntil(conn, protocol.greeting);
  if (protocol.before) {
    await conn.write(encode(protocol.before[0]));
    await readUntil(conn, protocol.before[1]);
  }
  await conn.write(encode(protocol.command));
  await readUntil(conn, protocol.agreed);
}

for (const name of ["smtp", "imap", "pop3"] as const) {
  const protocol: StartTlsProtocol = protocols[name];
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    test(`${name} and ${version}`, { skip }, async () => {
      await using server = await startMailServer(name, { versions: version });
      const plain = await connect({ hostname: "localhost", port: server.port });
      await agree(plain, protocol);
      const { localAddr, remoteAddr, fastOpen } = plain;
      await using conn = await secure(plain, { caCerts: [certificates().ca], sessions: false });
      assert.equal(conn.protocol, version);
      assert.equal(conn.resumed, false);
      assert.equal(conn.earlyData, "not-sent");
      assert.deepEqual(conn.localAddr, localAddr);
      assert.deepEqual(conn.remoteAddr, remoteAddr);
      assert.deepEqual(conn.fastOpen, fastOpen);
      const { firstByte, secure: secured } = conn.timing;
      assert.ok(0 < firstByte && firstByte < secured, `${firstByte} of ${secured}`);
      const [question, answer] = protocol.afterwards;
      await conn.write(encode(question));
      await readUntil(conn, answer);
      assert.equal(conn.duplex.servername, "localhost");
    });
  }
}

/** A connection to `port` on which TLS has been agreed on. */
async function agreed(port: number, hostname = "127.0.0.1"): Promise<TcpConn> {
  const conn = await connect({ hostname, port });
  await agree(conn, protocols.imap);
  return conn;
}

test("the second time a session is resumed", { skip, needs: "resumption" }, async () => {
  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    await using server = await startMailServer("imap", { versions: version });
    const sessions = new MemorySessionStore();
    for (const resumed of [false, true]) {
      using conn = await secure(await agreed(server.port), {
        caCerts: [certificates().ca],
        sessions,
      });
      const [question, answer] = protocols.imap.afterwards;
      await conn.write(encode(question));
      await readUntil(conn, answer);
      assert.equal(conn.resumed, resumed);
    }
  }
});

test("the name is the one connected to, unless another is given", { skip }, async () => {
  const caCerts = [certificates().ca];
  await using server = await startMailServer("imap");
  await using other = await startMailServer("imap", { identity: certificates().wrongName });
  (await secure(await agreed(server.port, "localhost"), { caCerts })).close();
  await assert.rejects(async () => secure(await agreed(other.port, "localhost"), { caCerts }), {
    name: "TlsError",
    code: "HOSTNAME_MISMATCH",
  });
  await assert.rejects(async () => secure(await agreed(other.port), { caCerts }), {
    name: "TlsError",
    code: "IP_ADDRESS_MISMATCH",
  });
  for (const name of ["hostname", "serverName"]) {
    (await secure(await agreed(other.port), { caCerts, [name]: "other.test" })).close();
  }
});

test("the connection given is used up", { skip }, async () => {
  await using server = await startMailServer("imap");
  const plain = await agreed(server.port);
  using conn = await secure(plain, { caCerts: [certificates().ca] });
  const closedHere = { code: "CONNECTION_CLOSED" };
  await assert.rejects(plain.read(new Uint8Array(1)), closedHere);
  await assert.rejects(plain.write(encode("x")), closedHere);
  await assert.rejects(secure(plain), closedHere);
  plain.close(); // Closes nothing any more.
  const [question, answer] = protocols.imap.afterwards;
  await conn.write(encode(question));
  await readUntil(conn, answer);
});

test("a connection that is closed already can't be used", { skip }, async () => {
  await using server = await startMailServer("imap");
  const plain = await agreed(server.port);
  plain.close();
  await assert.rejects(secure(plain), { code: "CONNECTION_CLOSED" });
});

/** A server that says one thing and nothing more. */
async function startSilent(greeting: string): Promise<Disposable & { port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => {}).resume();
    if (greeting) socket.write(greeting);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return { port, [Symbol.dispose]: () => server.close() };
}

test("connectTimeout and an abort end the wait for an answer", async () => {
  using server = await startSilent("");
  const where = { hostname: "127.0.0.1", port: server.port };
  await assert.rejects(secure(await connect(where), { connectTimeout: 100 }), {
    name: "ConnectError",
    code: "TIMED_OUT",
  });
  const controller = new AbortController();
  const starting = secure(await connect(where), { signal: controller.signal });
  const reason = new Error("not any more");
  setTimeout(() => controller.abort(reason), 50);
  await assert.rejects(soon("end", starting), reason);
  await assert.rejects(secure(await connect(where), { signal: controller.signal }), reason);
});

test("what was left unread in the clear is not TLS", async () => {
  using server = await startSilent("220 ready\r\n");
  const plain = await connect({ hostname: "127.0.0.1", port: server.port });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await assert.rejects(secure(plain), (error) => {
    assert.ok(error instanceof TlsError);
    assert.equal(error.code, "NOT_TLS");
    assert.match(error.message, /220 ready/);
    return true;
  });
});

test("with Fast Open the wish for TLS rides in the SYN", {
  skip: netlabSkip() || skip,
}, async () => {
  // 0x400: every listener takes Fast Open without asking for it.
  await using lab = await startNetlab({ rtt: 4, fastOpen: 0x403 });
  await using _server = await startMailServer("imap", { place: lab.server, port: 143 });
  await using client = startRemoteClient(lab.client);
  for (const outcome of ["cookie-requested", "accepted"]) {
    await lab.clearPackets();
    const { command, afterwards: [question] } = protocols.imap;
    const answer = succeeded(
      await client.connect({ hostname: lab.server.ipv4, port: 143 }, {
        early: command,
        upgradeAfter: "\na OK .*\r\n$",
        send: question,
        receive: 1,
      }),
    );
    assert.match(answer.received, /^\* CAPABILITY/);
    assert.equal(answer.protocol, "TLSv1.3");
    assert.equal(answer.fastOpen.outcome, outcome);
    const flow = onlyFlow(await lab.packets());
    assert.equal(flow.syn.payload, outcome === "accepted" ? command.length : 0);
    assert.equal(acknowledged(flow), flow.syn.payload);
  }
});

test("a handshake that fails uses the connection up, an option that is refused does not", async () => {
  await using server = await startRawServer(() => {});
  const plain = await connect({ hostname: server.hostname, port: server.port });
  for (const wrong of [{ cert: "no PEM", key: "no PEM" }, { serverName: "a b" }]) {
    await assert.rejects(secure(plain, wrong));
    await plain.write(encode("still there"));
  }
  await assert.rejects(secure(plain, { connectTimeout: 50 }), { code: "TIMED_OUT" });
  await assert.rejects(plain.write(encode("anything")), { code: "CONNECTION_CLOSED" });
});
