import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { connect, ConnectError, MemorySessionStore, TlsError } from "../../../mod.ts";
import { askChild } from "../../fixtures/hostile_child.ts";
import { leavesNothing, sleep } from "../../fixtures/hostile_census.ts";
import {
  assertFails,
  assertFailure,
  connectError,
  failureOf,
  tlsError,
} from "../../fixtures/hostile_failure.ts";
import { here, pair, startListener, until, ways } from "../../fixtures/hostile_ways.ts";
import { certificates } from "../../peers/certificates.ts";

/** A client that knows nothing of TLS, and minds nothing. */
async function rawClient(port: number): Promise<Socket> {
  const socket = connectSocket(port, here);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("It threw nothing");
}

// Listening

test("a port that is taken is said to be, whoever has it", async () => {
  await leavesNothing(async () => {
    const foreign = createServer().listen(0, here);
    await once(foreign, "listening");
    using own = startListener();
    for (const port of [(foreign.address() as { port: number }).port, own.addr.port]) {
      const error = thrownBy(() => startListener({ port }));
      assertFailure(error, connectError("ADDRESS_IN_USE", /another port/), {
        hostname: here,
        port,
      });
      assert.equal((error as ConnectError).errno, "EADDRINUSE");
    }
    foreign.close();
    // The port that was in the way still works.
    const { client, server } = await pair(own);
    client.close();
    server.close();
  });
});

test("an address that is not this machine's can't be listened on", async () => {
  await leavesNothing(() => {
    for (const hostname of ["192.0.2.1", "2001:db8::1"]) {
      const error = thrownBy(() => startListener({ hostname, port: 0 }));
      assertFailure(error, connectError("ADDRESS_NOT_AVAILABLE", /"0\.0\.0\.0"/), {
        hostname,
        port: 0,
      });
      assert.equal((error as ConnectError).errno, "EADDRNOTAVAIL");
    }
  });
});

test("an interface that does not exist can't be listened on", async () => {
  await leavesNothing(() => {
    for (let round = 0; round < 10; round++) {
      const hostname = "fe80::1%nosuch0";
      const error = thrownBy(() => startListener({ hostname, port: 0 }));
      assertFailure(error, connectError("SYSTEM_ERROR", /"nosuch0" may be none/), {
        hostname,
        port: 0,
      });
    }
  });
});

test("a link-local address without its interface can't be listened on, and the message says so", async () => {
  await leavesNothing(() => {
    const error = thrownBy(() => startListener({ hostname: "fe80::1", port: 0 }));
    assert.ok(error instanceof ConnectError);
    assert.match(error.message, /"\[fe80::1\]:0".*such as fe80::1%eth0/);
  });
});

test("a listener with a key too weak to trust is refused", () => {
  const [keyPath, certPath] = ["key", "crt"].map((end) =>
    join(certificates().folder, `1024.${end}`)
  );
  execFileSync("openssl", [
    ...["req", "-x509", "-nodes", "-newkey", "rsa:1024", "-days", "9", "-subj", "/CN=localhost"],
    ...["-keyout", keyPath!, "-out", certPath!],
  ], { stdio: "ignore" });
  const [key, cert] = [keyPath!, certPath!].map((path) => readFileSync(path, "utf8"));
  const error = thrownBy(() => startListener({ cert: cert!, key: key! }));
  assertFailure(error, tlsError("INVALID_PEM", /key too small/));
});

test("a listener whose certificate is unusable leaves its port free", async () => {
  await leavesNothing(async () => {
    const first = startListener();
    const { port } = first.addr;
    first.close();
    await sleep(20);
    const { server, otherServer } = certificates();
    const mixed = { cert: server.cert, key: otherServer.key };
    assertFailure(thrownBy(() => startListener({ port, ...mixed })), tlsError("INVALID_PEM"));
    using second = startListener({ port });
    const { client, server: accepted } = await pair(second);
    client.close();
    accepted.close();
  });
});

test("close() ends a waiting accept, the iteration, and every later accept", async () => {
  await leavesNothing(async () => {
    const listener = startListener();
    const accepting = [listener.accept(), listener.accept()];
    const iterating = (async () => {
      for await (const _ of listener) assert.fail("nobody has connected");
    })();
    const failures = accepting.map((each) => failureOf(each));
    await sleep(5);
    listener.close();
    listener.close();
    for (const failure of failures) assertFailure(await failure, connectError("LISTENER_CLOSED"));
    await iterating;
    await assertFails(listener.accept(), connectError("LISTENER_CLOSED"));
  });
});

test("close() closes connections that nobody has accepted", async () => {
  await leavesNothing(async () => {
    const listener = startListener();
    using client = await ways.connectTls(listener.addr.port);
    await sleep(20);
    listener.close();
    assert.equal(await client.read(new Uint8Array(1)), null);
  });
});

test("close() leaves connections alone that were handed out", async () => {
  await leavesNothing(async () => {
    const listener = startListener();
    const { client, server } = await pair(listener);
    listener.close();
    await client.write(new Uint8Array(3));
    assert.equal(await server.read(new Uint8Array(9)), 3);
    client.close();
    server.close();
  });
});

test("close() leaves a connection alone that was handed out with its early data", async () => {
  await leavesNothing(async () => {
    const listener = startListener({ maxEarlyData: 1_000 });
    const sessions = new MemorySessionStore();
    const first = await pair(listener, { sessions });
    await first.server.write(new Uint8Array(1));
    await first.client.read(new Uint8Array(1));
    first.client.close();
    first.server.close();
    await sleep(20);

    const connecting = ways.connectTls(listener.addr.port, {
      sessions,
      earlyData: new Uint8Array(5),
    });
    using server = await listener.accept();
    assert.equal(server.earlyData, "accepted");
    listener.close();
    using client = await connecting;
    await server.handshake();
    await client.write(new Uint8Array(3));
    let received = 0;
    while (received < 8) received += await server.read(new Uint8Array(9)) ?? 9;
    assert.equal(received, 8);
  });
});

test("what a connection was can be asked after it was closed, at whatever stage", async () => {
  await leavesNothing(async () => {
    using listener = startListener({ maxEarlyData: 1_000, alpnProtocols: ["x"] });
    const sessions = new MemorySessionStore();
    const alpnProtocols = ["x"];
    const first = await pair(listener, { sessions, alpnProtocols });
    await first.server.write(new Uint8Array(1));
    await first.client.read(new Uint8Array(1));
    first.client.close();
    first.server.close();
    await sleep(20);

    const options = { sessions, alpnProtocols, earlyData: new Uint8Array(5) };
    const connecting = ways.connectTls(listener.addr.port, options).then(
      (conn) => conn.close(),
      () => {},
    );
    const server = await listener.accept();
    server.close(); // Before the client's last message can have come.
    for (const conn of [server, first.server, first.client]) {
      assert.equal(conn.protocol, "TLSv1.3");
      assert.match(conn.cipher, /^TLS_/);
      assert.equal(conn.alpnProtocol, "x");
      assert.equal(typeof conn.resumed, "boolean");
      assert.equal(typeof conn.duplex.authorized, "boolean");
      assert.ok(conn === first.client || conn.peerCertificate === undefined);
    }
    assert.equal(server.earlyData, "accepted");
    await assertFails(server.handshake(), connectError("CONNECTION_CLOSED"));
    await connecting;
  });
});

// Clients that behave badly

const hello = (() => {
  // A ClientHello's beginning: a handshake record of 512 bytes of which little has come.
  const bytes = new Uint8Array(60);
  bytes.set([22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
  return bytes;
})();

interface BadClient {
  readonly what: string;
  readonly behave: (socket: Socket) => void;
  readonly code: string;
}

const badClients: readonly BadClient[] = [
  {
    what: "speaks HTTP",
    behave: (socket) => void socket.write("GET / HTTP/1.1\r\n\r\n"),
    code: "NOT_TLS",
  },
  {
    what: "sends garbage",
    behave: (socket) => void socket.write(new Uint8Array(5_000).fill(0xee)),
    code: "NOT_TLS",
  },
  {
    what: "sends a record of garbage",
    behave: (socket) => void socket.write(Uint8Array.of(22, 3, 1, 0, 4, 9, 9, 9, 9)),
    code: "PROTOCOL_ERROR",
  },
  {
    what: "sends a ClientHello without content",
    behave: (socket) => void socket.write(Uint8Array.of(22, 3, 1, 0, 4, 1, 0, 0, 0)),
    code: "PROTOCOL_ERROR",
  },
  { what: "leaves at once", behave: (socket) => void socket.end(), code: "HANDSHAKE_CLOSED" },
  {
    what: "leaves in the middle of its ClientHello",
    behave: (socket) => void socket.end(hello),
    code: "HANDSHAKE_CLOSED",
  },
  {
    what: "resets at once",
    behave: (socket) => void socket.resetAndDestroy(),
    code: "CONNECTION_RESET",
  },
  {
    what: "resets in the middle of its ClientHello",
    behave: (socket) => void socket.write(hello, () => void socket.resetAndDestroy()),
    code: "CONNECTION_RESET",
  },
  { what: "says nothing", behave: () => {}, code: "TIMED_OUT" },
  {
    what: "says a byte at a time",
    behave(socket) {
      let next = 0;
      const timer = setInterval(() => {
        if (socket.destroyed || next >= hello.length) return clearInterval(timer);
        socket.write(hello.subarray(next, ++next));
      }, 30);
      socket.once("close", () => clearInterval(timer));
    },
    code: "TIMED_OUT",
  },
];

for (const { what, behave, code } of badClients) {
  test(`a client that ${what} is reported with ${code} and disturbs nobody`, async () => {
    await leavesNothing(async () => {
      const heard: [Error & { code?: string }, { hostname: string; port: number }][] = [];
      using listener = startListener({
        handshakeTimeout: 400,
        onHandshakeError: (error, client) => void heard.push([error, client]),
      });
      const { port } = listener.addr;
      const socket = await rawClient(port);
      const { localPort = 0 } = socket; // Gone once it is closed.
      behave(socket);
      const { client, server } = await pair(listener);
      client.close();
      server.close();
      await until(() => heard.length > 0);
      socket.destroy();
      const [[error, from] = []] = heard;
      assert.ok(error && from);
      assert.ok(error instanceof TlsError || error instanceof ConnectError, String(error));
      assert.equal(error.code, code, error.message);
      // Who has reset before being looked at can't be named any more.
      if (from.hostname !== "") assert.deepEqual([from.hostname, from.port], [here, localPort]);
      assert.equal(heard.length, 1);
    });
  });
}

test("an error that onHandshakeError throws is the process's, not the listener's", async () => {
  const { caught, after } = await askChild<{ caught: string[]; after: string }>("callbacks", [
    "onHandshakeError",
  ]);
  assert.deepEqual(caught, ["onHandshakeError threw"]);
  assert.equal(after, "served");
});

test("an error that keyLog throws is the process's, not the handshake's", async () => {
  const { caught, after } = await askChild<{ caught: string[]; after: string }>("callbacks", [
    "keyLog",
  ]);
  assert.ok(caught.length > 0);
  assert.deepEqual([...new Set(caught)], ["keyLog threw"]);
  assert.equal(after, "served");
});

for (
  const [what, mode] of [
    ["a listener closed by its own keyLog", "keyLog-closes"],
    ["a connection aborted by its own keyLog", "keyLog-aborts"],
    ["a connection closed by the store that gets its ticket", "put-closes"],
    ["a listener closed by onHandshakeError", "onHandshakeError-closes"],
  ] as const
) {
  test(`${what} does not crash the process`, async () => {
    const { caught, after } = await askChild<{ caught: string[]; after: string }>("callbacks", [
      mode,
    ]);
    assert.deepEqual(caught, []);
    assert.equal(after, "served");
  });
}

test("a hundred clients that never finish are gone after handshakeTimeout", async () => {
  await leavesNothing(async () => {
    let failed = 0;
    using listener = startListener({ handshakeTimeout: 500, onHandshakeError: () => failed++ });
    const { port } = listener.addr;
    const sockets = await Promise.all(Array.from({ length: 100 }, () => rawClient(port)));
    for (const socket of sockets) socket.write(hello);
    const { client, server } = await pair(listener);
    client.close();
    server.close();
    await until(() => failed === 100);
    for (const socket of sockets) socket.destroy();
  });
});

test("close() while a hundred clients are in their handshake leaves nothing behind", async () => {
  await leavesNothing(async () => {
    const heard: unknown[] = [];
    const listener = startListener({ onHandshakeError: (error) => void heard.push(error) });
    const { port } = listener.addr;
    const sockets = await Promise.all(Array.from({ length: 100 }, () => rawClient(port)));
    for (const socket of sockets) socket.write(hello);
    const connecting = Array.from({ length: 20 }, () =>
      failureOf(
        ways.connectTls(port).then((conn) => conn.read(new Uint8Array(1))).then((length) => {
          if (length === null) throw new Error("closed");
        }),
      ));
    await sleep(3);
    listener.close();
    await Promise.all(connecting);
    assert.deepEqual(heard, []); // Closing is nobody's mistake.
    for (const socket of sockets) socket.destroy();
  });
});

test("five hundred garbage clients leave nothing behind", async () => {
  await leavesNothing(async () => {
    let failed = 0;
    using listener = startListener({ handshakeTimeout: 2_000, onHandshakeError: () => failed++ });
    const { port } = listener.addr;
    const quick = badClients.filter(({ code }) => code !== "TIMED_OUT");
    for (let round = 0; round < 10; round++) {
      const sockets = await Promise.all(Array.from({ length: 50 }, () => rawClient(port)));
      for (const [index, socket] of sockets.entries()) quick[index % quick.length]?.behave(socket);
      await until(() => failed === (round + 1) * 50, 10_000);
      for (const socket of sockets) socket.destroy();
    }
    const { client, server } = await pair(listener);
    client.close();
    server.close();
  });
});

test("a client that leaves right after its handshake does not disturb who accepts it", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    for (let round = 0; round < 5; round++) {
      (await ways.connectTls(listener.addr.port)).close();
      using accepted = await listener.accept();
      assert.equal(await accepted.read(new Uint8Array(1)), null);
      await accepted.write(new Uint8Array(1)).catch(() => {});
    }
  });
});

test("a plain connection to a TLS listener is told so by an alert or an end", async () => {
  await leavesNothing(async () => {
    using listener = startListener();
    const data = new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n");
    using conn = await connect({ hostname: here, port: listener.addr.port, data });
    const length = await conn.read(new Uint8Array(100));
    assert.ok(length === null || length === 7, `${length} bytes`);
  });
});
