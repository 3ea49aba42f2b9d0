/**
 * TLS that a client starts on a connection which this side has accepted: the server's half of STARTTLS.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer, request } from "node:http";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { test } from "node:test";
import { connect as connectOwnTls } from "node:tls";
import {
  acceptTls,
  type AcceptTlsOptions,
  type AnyTransport,
  connect,
  connectTls,
  MemorySessionStore,
  startTls,
  type TlsConn,
} from "../../mod.ts";
import { leavesNothing } from "../fixtures/hostile_census.ts";
import { assertFails, connectError, optionError, tlsError } from "../fixtures/hostile_failure.ts";
import { startRawServer } from "../fixtures/hostile_server.ts";
import { here, startListener, until } from "../fixtures/hostile_ways.ts";
import { relay, trust } from "../fixtures/transports.ts";
import { certificates } from "../peers/certificates.ts";
import { encode, readUntil } from "../peers/exchange.ts";
import { startOpensslClient } from "../peers/openssl_client.ts";
import { requirePeer, soon } from "../peers/peer.ts";

const { cert, key } = certificates().server;
const client = { hostname: "localhost", ...trust };

/** Accepts, and sends back what comes first. */
async function echoOnce(
  transport: AnyTransport,
  options: Partial<AcceptTlsOptions> = {},
): Promise<TlsConn> {
  const conn = await acceptTls(transport, { cert, key, ...options });
  const chunk = new Uint8Array(64 * 1024);
  const length = await conn.read(chunk) ?? 0;
  await conn.write(chunk.subarray(0, length));
  return conn;
}

/** Asserts that what is sent comes back. */
async function exchange(conn: TlsConn): Promise<void> {
  await conn.write(encode("hello"));
  assert.equal(await soon("echo", conn.read(new Uint8Array(64))), 5);
}

/** The two ends of a connection of each kind: a server's, and one to start TLS on. */
const kinds: Readonly<Record<string, () => Promise<[AnyTransport, AnyTransport, Disposable?]>>> = {
  async "the socket of a net.Server"() {
    const server = createServer().listen(0, here);
    await once(server, "listening");
    const accepting = once(server, "connection") as Promise<[Socket]>;
    const { port } = server.address() as { port: number };
    const near = connectSocket({ host: here, port });
    const [far] = await accepting;
    return [far, near, { [Symbol.dispose]: () => void server.close() }];
  },
  // deno-lint-ignore require-await -- as the others
  async "one of a pair of streams"() {
    return duplexPair();
  },
  async "the socket of an HTTP server's upgrade"() {
    const server = createHttpServer().listen(0, here);
    await once(server, "listening");
    const accepting = once(server, "upgrade") as Promise<[unknown, Duplex]>;
    const { port } = server.address() as { port: number };
    const headers = { Connection: "Upgrade", Upgrade: "TLS/1.0" }; // RFC 2817
    const asking = request({ host: here, port, headers, agent: false });
    const upgrading = once(asking.end(), "upgrade") as Promise<[unknown, Duplex, Uint8Array]>;
    const [, far] = await accepting;
    far.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\n\r\n",
    );
    const [, near] = await upgrading;
    return [far, near, { [Symbol.dispose]: () => void server.close() }];
  },
  async "a TcpConn"() {
    // Two clients that a server between them joins.
    const sockets: Socket[] = [];
    const server = await startRawServer((socket) => {
      sockets.push(socket);
      if (sockets.length === 2) relay(sockets[0] as Socket, sockets[1] as Socket);
    });
    const where = { hostname: here, port: server.port };
    const [far, near] = [await connect(where), await connect(where)];
    return [far, near, { [Symbol.dispose]: () => void server[Symbol.asyncDispose]() }];
  },
  async "a TlsConn"() {
    const listener = startListener();
    const [far, near] = await Promise.all([
      listener.accept(),
      connectTls({ port: listener.addr.port, ...client }),
    ]);
    return [far, near, listener];
  },
};

for (const [kind, open] of Object.entries(kinds)) {
  test(`acceptTls over ${kind}`, async () => {
    await leavesNothing(async () => {
      const [far, near, scene] = await open();
      using _ = scene;
      const serving = echoOnce(far);
      using conn = await startTls(near, client);
      await exchange(conn);
      using server = await serving;
      assert.equal(server.protocol, conn.protocol);
      assert.ok(server.timing.secure > 0);
      await conn.closeWrite();
      assert.equal(await server.read(new Uint8Array(1)), null);
      await server.write(encode("bye"));
      await server.closeWrite();
      assert.equal(await conn.read(new Uint8Array(9)), 3);
      assert.equal(await conn.read(new Uint8Array(9)), null);
      if (!("read" in far && "closeWrite" in far)) await until(() => (far as Duplex).destroyed);
    });
  });

  test(`acceptTls over ${kind}: a client that hangs up, or says something else`, async () => {
    await leavesNothing(async () => {
      {
        const [far, near, scene] = await open();
        using _ = scene;
        const accepting = acceptTls(far, { cert, key });
        if ("closeWrite" in near) near.close();
        else near.on("error", () => {}).resume().end();
        await assertFails(accepting, tlsError("HANDSHAKE_CLOSED"));
      }
      const [far, near, scene] = await open();
      using _ = scene;
      const accepting = acceptTls(far, { cert, key });
      const bytes = encode("MAIL FROM:<mallory@example.com>\r\n");
      if ("closeWrite" in near) await near.write(bytes);
      else near.on("error", () => {}).resume().write(bytes);
      await assertFails(accepting, tlsError("NOT_TLS", /began with "MAIL FROM/));
      if ("closeWrite" in near) near.close();
      else near.destroy();
    });
  });
}

/** An SMTP server that knows EHLO and STARTTLS. It answers over TLS with what `greet` says. */
async function startMailServer(
  greet: (conn: TlsConn) => Promise<void>,
  onError: (error: Error) => void = () => {},
): Promise<AsyncDisposable & { readonly port: number }> {
  return await startRawServer((socket) => {
    socket.write("220 mail.test\r\n");
    const onData = (bytes: Uint8Array) => {
      const text = new TextDecoder().decode(bytes);
      const end = text.indexOf("STARTTLS\r\n") + "STARTTLS\r\n".length;
      if (text.startsWith("EHLO")) return void socket.write("250-mail.test\r\n250 STARTTLS\r\n");
      socket.off("data", onData).pause();
      // What came with the command was read by this parser, and belongs to TLS.
      if (end < bytes.length) socket.unshift(bytes.subarray(end));
      socket.write("220 go ahead\r\n");
      acceptTls(socket, { cert, key }).then(async (conn) => {
        await using _ = conn;
        await greet(conn);
      }).catch(onError);
    };
    socket.on("data", onData);
  });
}

test("openssl s_client -starttls smtp", { skip: requirePeer("openssl") }, async () => {
  await using server = await startMailServer(async (conn) => {
    await readUntil(conn, /EHLO over TLS\r\n/);
    await conn.write(encode("250 well done\r\n"));
  });
  await using peer = startOpensslClient(`${here}:${server.port}`, ["-starttls", "smtp"]);
  await peer.saw(/Verify return code: 0 \(ok\)/);
  peer.type("EHLO over TLS\n".replace("\n", "\r\n"));
  await peer.saw(/250 well done/);
});

test("node:tls's own client", async () => {
  await leavesNothing(async () => {
    await using server = await startMailServer(async (conn) => {
      await readUntil(conn, /over TLS/);
      await conn.write(encode("250 well done\r\n"));
    });
    const socket = connectSocket({ host: here, port: server.port });
    await once(socket, "data");
    socket.write("STARTTLS\r\n");
    await once(socket, "data");
    const own = connectOwnTls({ socket, servername: "localhost", ca: certificates().ca });
    await once(own, "secureConnect");
    own.write("over TLS");
    assert.match(String(await once(own, "data")), /well done/);
    if (!own.readableEnded) await once(own.resume(), "end");
    own.destroy();
  });
});

test("what is put behind the command is TLS: a hello goes on, commands end the handshake", async () => {
  await leavesNothing(async () => {
    const failures: Error[] = [];
    const heard: string[] = [];
    await using server = await startMailServer(
      async (conn) => {
        heard.push(await readUntil(conn, /EHLO over TLS/));
      },
      (error) => failures.push(error),
    );
    // CVE-2011-0411: somebody on the way adds commands, to be obeyed as if they had come over TLS.
    const attacked = connectSocket({ host: here, port: server.port }).on("error", () => {});
    await once(attacked, "data");
    attacked.write("STARTTLS\r\nMAIL FROM:<mallory@example.com>\r\n");
    attacked.resume();
    await until(() => failures.length > 0);
    assert.equal((failures[0] as { code?: string }).code, "NOT_TLS");
    attacked.destroy();

    // A client that does not wait for the answer has its hello in the same packet.
    const [near, far] = duplexPair();
    const eager = connectSocket({ host: here, port: server.port });
    await once(eager, "data");
    far.once("data", (hello) => {
      eager.write(new Uint8Array([...encode("STARTTLS\r\n"), ...hello]));
      eager.once("data", (answer: Uint8Array) => {
        const agreed = "220 go ahead\r\n".length;
        if (answer.length > agreed) eager.unshift(answer.subarray(agreed));
        relay(far, eager);
      });
    });
    using conn = await startTls(near, client);
    await conn.write(encode("EHLO over TLS"));
    await until(() => heard.length > 0);
    assert.deepEqual(heard, ["EHLO over TLS"]); // And nothing of Mallory's.
  });
});

/** Joins `startTls` and `acceptTls` once by a pair of streams. */
async function join(
  options: Partial<AcceptTlsOptions>,
  clientOptions: object = {},
): Promise<[TlsConn, TlsConn]> {
  const [near, far] = duplexPair();
  const accepting = acceptTls(far, { cert, key, ...options });
  accepting.catch(() => {}); // The client's failure says more.
  const conn = await startTls(near, { ...client, port: 25, ...clientOptions });
  return [conn, await accepting];
}

test("calls with the same options resume each other's sessions, and others do not", async () => {
  await leavesNothing(async () => {
    const sessions = new MemorySessionStore();
    const other = certificates().otherServer;
    const scenes: [Partial<AcceptTlsOptions>, boolean][] = [
      [{}, false],
      [{}, true],
      [{ cert: other.cert, key: other.key }, false],
    ];
    for (const [options, resumed] of scenes) {
      const [conn, server] = await join(options, { sessions });
      using _ = server;
      await server.write(encode("x")); // Behind the tickets.
      await conn.read(new Uint8Array(1));
      assert.equal(conn.resumed, resumed, Object.keys(options).join());
      await using __ = conn;
    }
    // The sessions of a server on another port are none of this one's.
    const [conn, server] = await join({}, { sessions, port: 26 });
    assert.equal(conn.resumed, false);
    conn.close();
    server.close();
  });
});

test("early data are taken once, also over a stream, and sent again where they are not", async () => {
  await leavesNothing(async () => {
    const sessions = new MemorySessionStore();
    const earlyData = encode("GET / HTTP/1.1\r\n\r\n");
    const options = { maxEarlyData: 1_000 };
    const other = { ...options, alpnProtocols: ["another configuration"] };
    const outcomes: string[] = [];
    for (const accept of [options, options, options, other]) {
      const [near, far] = duplexPair();
      const hello: Uint8Array[] = [];
      const { push } = far;
      far.push = (chunk) => (chunk && hello.push(chunk), push.call(far, chunk));
      const accepting = acceptTls(far, { cert, key, ...accept });
      const connecting = startTls(near, { ...client, port: 25, sessions, earlyData });
      using server = await accepting;
      assert.equal(await readUntil(server, /\r\n\r\n/), "GET / HTTP/1.1\r\n\r\n");
      await server.write(encode("answer"));
      using conn = await connecting;
      assert.equal(await conn.read(new Uint8Array(64)), 6);
      await conn.write(encode("more"));
      assert.equal(await server.read(new Uint8Array(64)), 4);
      outcomes.push(conn.earlyData);
      if (conn.earlyData !== "accepted") continue;
      // The same flight once more: the ticket has been used, and so it is no early data.
      const [again, served] = duplexPair();
      again.write(hello[0]);
      again.resume();
      const replayed = acceptTls(served, { cert, key, ...accept, handshakeTimeout: 30 });
      await assertFails(replayed, connectError("TIMED_OUT"));
    }
    assert.deepEqual(outcomes, ["not-sent", "accepted", "accepted", "rejected"]);
  });
});

test("early data are not sent again to a server that picks another protocol", async () => {
  await leavesNothing(async () => {
    const sessions = new MemorySessionStore();
    const options = { sessions, port: 27, alpnProtocols: ["one", "other"] };
    for (const protocol of ["one", "other"]) {
      const [near, far] = duplexPair();
      const earlyData = protocol === "other" ? { earlyData: encode("for one") } : {};
      const accepting = acceptTls(far, {
        cert,
        key,
        maxEarlyData: 1_000,
        alpnProtocols: [protocol],
      });
      using conn = await startTls(near, { ...client, ...options, ...earlyData });
      using server = await accepting;
      assert.equal(conn.alpnProtocol, protocol);
      assert.equal(conn.earlyData, protocol === "other" ? "rejected" : "not-sent");
      const codes = conn.warnings.map(({ code }) => code);
      assert.deepEqual(codes, protocol === "other" ? ["EARLY_DATA_UNSENT"] : []);
      await conn.write(encode("for all"));
      assert.equal(await readUntil(server, /all/), "for all");
      await server.write(encode("x")); // Behind the tickets.
      await conn.read(new Uint8Array(1));
    }
  });
});

/** How a server turns early data down that it has accepted, and what the client is told. */
const turnedDown = {
  "before the end of the handshake": "HANDSHAKE_CLOSED",
  "after the handshake": "TRUNCATED",
} as const;

for (const [when, code] of Object.entries(turnedDown)) {
  test(`a server that closes ${when} in the place of an answer to early data: the next call knows`, async () => {
    await leavesNothing(async () => {
      const sessions = new MemorySessionStore();
      const earlyData = encode("GET / HTTP/1.1\r\n\r\n");
      const port = code.length; // A server for each: what is known of one must not count for the other.
      for (const round of ["first", "turned down", "spared"] as const) {
        const [near, far] = duplexPair();
        const accepting = acceptTls(far, { cert, key, maxEarlyData: 1_000 });
        const connecting = startTls(near, { ...client, port, sessions, earlyData });
        connecting.catch(() => {});
        using server = await accepting;
        if (round === "turned down") {
          if (code === "TRUNCATED") await server.handshake();
          far.destroy();
          near.push(null);
          await assertFails(connecting, tlsError(code));
          continue;
        }
        await readUntil(server, /\r\n\r\n/);
        await server.write(encode("answer"));
        using conn = await connecting;
        assert.equal(await conn.read(new Uint8Array(64)), 6);
        assert.equal(conn.earlyData, "not-sent", round);
      }
    });
  });
}

test("many configurations share nothing, and what is given up for others goes on", async () => {
  await leavesNothing(async () => {
    const conns: TlsConn[] = [];
    for (let index = 0; index < 40; index++) {
      const alpnProtocols = [`protocol ${index}`];
      const [conn, server] = await join({ alpnProtocols }, { alpnProtocols });
      assert.equal(server.alpnProtocol, alpnProtocols[0]);
      conns.push(conn, server);
    }
    const [first, server] = conns as [TlsConn, TlsConn];
    await first.write(encode("still here"));
    assert.equal(await server.read(new Uint8Array(64)), 10);
    for (const conn of conns) conn.close();
  });
});

test("each call has its own key log", async () => {
  await leavesNothing(async () => {
    const logs: string[][] = [[], []];
    for (const log of logs) {
      const [conn, server] = await join({ keyLog: (line) => log.push(line) });
      conn.close();
      server.close();
      await until(() => log.length > 3);
    }
    const [one, other] = logs.map((log) => log.join());
    assert.notEqual(one, other);
  });
});

test("what can't be used is refused, and the transport is left alone", async () => {
  await leavesNothing(async () => {
    const [near, far] = duplexPair();
    const listeners = () => far.eventNames().map((name) => [name, far.listenerCount(name)]);
    const before = listeners();
    const wrong: [object, string][] = [
      [{ cert: "no PEM", key }, "INVALID_PEM"],
      [{ cert: certificates().otherServer.cert, key }, "INVALID_PEM"],
      [{ cert }, "INVALID_OPTION"],
      [{ cert, key, hostname: "localhost" }, "INVALID_OPTION"],
      [{ cert, key, handshakeTimeout: 0 }, "INVALID_OPTION"],
      [{ cert, key, engine: "runtime" }, "FEATURE_UNAVAILABLE"],
    ];
    for (const [options, code] of wrong) {
      await assert.rejects(acceptTls(far, options as never), { code });
      assert.deepEqual(listeners(), before);
    }
    for (const nothing of [undefined, null, {}, "socket", 3]) {
      await assertFails(acceptTls(nothing as never, { cert, key }), optionError(/"transport"/));
    }
    const serving = echoOnce(far);
    using conn = await startTls(near, client);
    await exchange(conn);
    (await serving).close();
  });
});

test("a client that takes too long, and an abort, close the transport", async () => {
  await leavesNothing(async () => {
    // Their other ends take what is sent.
    const pairs = Array.from({ length: 3 }, () => duplexPair());
    for (const [near] of pairs) near.resume();
    const [silent, aborted, given] = pairs.map(([, far]) => far) as [Duplex, Duplex, Duplex];
    const late = acceptTls(silent, { cert, key, handshakeTimeout: 20 });
    await assertFails(
      late,
      connectError("TIMED_OUT", /address is not known took more than 20 ms$/),
    );
    await until(() => silent.destroyed);
    const reason = new Error("not any more");
    const signal = AbortSignal.abort(reason);
    await assert.rejects(acceptTls(aborted, { cert, key, signal }), reason);
    assert.equal(aborted.destroyed, true);
    const controller = new AbortController();
    const accepting = acceptTls(given, { cert, key, signal: controller.signal });
    setTimeout(() => controller.abort(reason), 5);
    await assert.rejects(accepting, reason);
    await until(() => given.destroyed);
    await assertFails(acceptTls(given, { cert, key }), connectError("CONNECTION_CLOSED"));
  });
});
